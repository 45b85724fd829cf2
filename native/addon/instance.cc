#include "addon/instance.h"

namespace ggma {

Napi::Value error_value(Napi::Env env, const Failure& failure) {
  const Napi::String message = Napi::String::New(env, failure.message);
  const auto* instance = env.GetInstanceData<Instance>();
  if (instance && !instance->error_class.IsEmpty()) {
    const Napi::Object details = Napi::Object::New(env);
    if (!failure.path.empty()) details.Set("path", failure.path);
    return instance->error_class.New({Napi::String::New(env, failure.code), message, details});
  }
  Napi::Object error = Napi::Error::New(env, failure.message).Value();
  error.Set("code", failure.code);
  return error;
}

}  // namespace ggma
