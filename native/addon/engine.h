#ifndef GGMA_ADDON_ENGINE_H
#define GGMA_ADDON_ENGINE_H

#include <napi.h>

#include "addon/host.h"

namespace ggma {

// lib/native.ts Engine
class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EngineObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value threads(const Napi::CallbackInfo& info);
  Napi::Value isa(const Napi::CallbackInfo& info);
  Napi::Value load_program(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<Host> host_;
};

}  // namespace ggma

#endif
