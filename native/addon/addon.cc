// The addon: lib/native.ts describes what it exports.
#include <napi.h>

#include <cstdlib>

#include "addon/constraint.h"
#include "addon/engine.h"
#include "addon/instance.h"
#include "addon/program.h"
#include "addon/sampler.h"
#include "isa/dispatch.h"

namespace ggma {
namespace {

// The class of every error from here on: (code, message, {path}).
Napi::Value use_error_class(const Napi::CallbackInfo& info) {
  if (info[0].IsFunction())
    info.Env().GetInstanceData<Instance>()->error_class = Napi::Persistent(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Value create_engine(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Instance>()->engine_class.New({info[0]});
}

Napi::Value create_sampler(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Instance>()->sampler_class.New({info[0], info[1]});
}

// The instruction set that engines take: GGMA_ISA's, or the best.
Napi::Value isa(const Napi::CallbackInfo& info) {
  return guard(info.Env(),
               [&] { return Napi::String::New(info.Env(), choose_kernels(std::getenv("GGMA_ISA")).name); });
}

Napi::Value available_isas(const Napi::CallbackInfo& info) {
  const Napi::Array names = Napi::Array::New(info.Env());
  for (const KernelTable* table : available_kernels()) names.Set(names.Length(), table->name);
  return names;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* instance = new Instance;
  env.SetInstanceData(instance);
  instance->engine_class = Napi::Persistent(EngineObject::define(env));
  instance->program_class = Napi::Persistent(ProgramObject::define(env));
  instance->sampler_class = Napi::Persistent(SamplerObject::define(env));
  instance->constraint_class = Napi::Persistent(ConstraintObject::define(env));
  exports.Set("version", GGMA_VERSION);
  exports.Set("useErrorClass", Napi::Function::New<use_error_class>(env, "useErrorClass"));
  exports.Set("createEngine", Napi::Function::New<create_engine>(env, "createEngine"));
  exports.Set("createSampler", Napi::Function::New<create_sampler>(env, "createSampler"));
  exports.Set("isa", Napi::Function::New<isa>(env, "isa"));
  exports.Set("availableIsas", Napi::Function::New<available_isas>(env, "availableIsas"));
  return exports;
}

}  // namespace
}  // namespace ggma

static Napi::Object init(Napi::Env env, Napi::Object exports) { return ggma::init(env, exports); }
NODE_API_MODULE(ggma, init)
