#ifndef GGMA_ADDON_PROGRAM_H
#define GGMA_ADDON_PROGRAM_H

#include <napi.h>

#include "addon/host.h"

namespace ggma {

// lib/native.ts Program. Made by loadProgram only.
class ProgramObject : public Napi::ObjectWrap<ProgramObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ProgramObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value create_sequence(const Napi::CallbackInfo& info);
  Napi::Value fork_sequence(const Napi::CallbackInfo& info);
  Napi::Value free_sequence(const Napi::CallbackInfo& info);
  Napi::Value create_sampler(const Napi::CallbackInfo& info);
  Napi::Value create_choices(const Napi::CallbackInfo& info);
  Napi::Value sequence_length(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value profile(const Napi::CallbackInfo& info);
  Napi::Value packed_weights(const Napi::CallbackInfo& info);
  Napi::Value copy_weight(const Napi::CallbackInfo& info);
  Napi::Value set_table(const Napi::CallbackInfo& info);
  Napi::Value table_length(const Napi::CallbackInfo& info);
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value decode(const Napi::CallbackInfo& info);

  // Throws DISPOSED.
  Model& model() const;

  std::shared_ptr<ProgramState> state_;
};

}  // namespace ggma

#endif
