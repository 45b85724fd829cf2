#include "addon/sampler.h"

#include <cstdlib>
#include <type_traits>

#include "addon/arguments.h"
#include "addon/instance.h"
#include "generated/sampling.h"
#include "isa/dispatch.h"

namespace ggma {
namespace {

constexpr napi_type_tag kTag = {0x6a1c3f0e5d9b4827, 0x9e02b7d46f8143ac};

std::vector<int32_t> ids_of(const Napi::Value& options, const char* name) {
  const Napi::Value value = member(options, name);
  if (!present(value)) return {};
  const Napi::Int32Array ids = int32_array(value, name);
  return {ids.Data(), ids.Data() + ids.ElementLength()};
}

// Ids and values side by side.
std::vector<std::pair<int32_t, float>> bias_of(const Napi::Value& options) {
  const std::vector<int32_t> ids = ids_of(options, "biasIds");
  std::vector<std::pair<int32_t, float>> out;
  if (ids.empty()) return out;
  const Napi::Float32Array values = float32_array(member(options, "biasValues"), "biasValues");
  if (values.ElementLength() != ids.size()) bad_argument("biasValues", "as many values as biasIds");
  for (size_t i = 0; i < ids.size(); i++) out.emplace_back(ids[i], values.Data()[i]);
  return out;
}

// Absent options keep the values that SamplingOptions starts with.
SamplingOptions options_of(const Napi::Value& options) {
  SamplingOptions out;
  out.logit_bias = bias_of(options);
  each_sampling_number(out, [&](const char* name, auto& target, bool whole, double low, double high) {
    const Napi::Value value = member(options, name);
    if (!present(value)) return;
    using Number = std::decay_t<decltype(target)>;
    target =
        whole
            ? static_cast<Number>(integer(value, name, static_cast<int64_t>(low), static_cast<int64_t>(high)))
            : static_cast<Number>(number(value, name, low, high));
  });
  return out;
}

}  // namespace

Napi::Function SamplerObject::define(Napi::Env env) {
  return DefineClass(env, "Sampler", {InstanceMethod<&SamplerObject::probabilities>("probabilities")});
}

SamplerObject::SamplerObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  guard(info.Env(), [&] {
    const auto vocab = static_cast<size_t>(integer(info[0], "vocab", 1, 1 << 24));
    state_ = std::make_shared<Sampler>(vocab, options_of(info[1]));
    const std::vector<int32_t> prompt = ids_of(info[1], "promptIds"),
                               output = ids_of(info[1], "generatedIds");
    state_->see(prompt.data(), prompt.size(), false);
    state_->see(output.data(), output.size(), true);
    info.This().As<Napi::Object>().TypeTag(&kTag);
    return info.Env().Undefined();
  });
}

std::shared_ptr<Sampler> SamplerObject::of(const Napi::Value& value) {
  if (!present(value)) return nullptr;
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag))
    bad_argument("sampler", "a Sampler");
  const SamplerObject* const object = Unwrap(value.As<Napi::Object>());
  return object ? object->state_ : nullptr;  // null: the environment is being torn down
}

Napi::Value SamplerObject::probabilities(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Napi::Float32Array logits = float32_array(info[0], "logits");
    if (logits.ElementLength() != state_->vocab()) bad_argument("logits", "one float for each token");
    ThreadPool pool(1);
    Distribution work(choose_kernels(std::getenv("GGMA_ISA")), pool);
    auto out = Napi::Float64Array::New(info.Env(), state_->vocab());
    if (out.Data()) state_->probabilities(logits.Data(), work, out.Data());
    return out;
  });
}

}  // namespace ggma
