#ifndef GGMA_ADDON_SAMPLER_H
#define GGMA_ADDON_SAMPLER_H

#include <napi.h>

#include <memory>

#include "core/sampler.h"

namespace ggma {

// lib/native.ts Sampler. Jobs that use it hold its state.
class SamplerObject : public Napi::ObjectWrap<SamplerObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit SamplerObject(const Napi::CallbackInfo& info);

  // The state behind a value, or null for undefined and null. Throws Failure OPTION for anything else.
  static std::shared_ptr<Sampler> of(const Napi::Value& value);

 private:
  Napi::Value probabilities(const Napi::CallbackInfo& info);

  std::shared_ptr<Sampler> state_;
};

}  // namespace ggma

#endif
