#ifndef GGMA_ADDON_CONSTRAINT_H
#define GGMA_ADDON_CONSTRAINT_H

#include <napi.h>

#include <memory>

#include "core/constraint.h"

namespace ggma {

// A constraint that JavaScript holds. A job asks it on the driver's thread; `busy` says so, and only the
// event loop reads or writes it.
struct ConstraintState {
  std::unique_ptr<Constraint> constraint;
  bool busy = false;
};

// A job's hold on a constraint. It is made and ended on the event loop.
class ConstraintUse {
 public:
  explicit ConstraintUse(std::shared_ptr<ConstraintState> state);
  ConstraintUse(ConstraintUse&&) = default;
  ~ConstraintUse();

  Constraint* get() const { return state_->constraint.get(); }

 private:
  std::shared_ptr<ConstraintState> state_;
};

// lib/native.ts Constraint. Each kind of constraint has its own function that makes one.
class ConstraintObject : public Napi::ObjectWrap<ConstraintObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(Napi::Env env, std::unique_ptr<Constraint> constraint);
  explicit ConstraintObject(const Napi::CallbackInfo& info);

  // The state behind a value. Throws Failure OPTION when it is none, or when a job has it already.
  static ConstraintUse use(const Napi::Value& value);

 private:
  Napi::Value allows(const Napi::CallbackInfo& info);
  Napi::Value mask(const Napi::CallbackInfo& info);
  Napi::Value accept(const Napi::CallbackInfo& info);
  Napi::Value rollback(const Napi::CallbackInfo& info);

  // Throws OPTION while a job has it.
  Constraint& idle() const;

  std::shared_ptr<ConstraintState> state_;
};

// (choices, endIds) of lib/native.ts Program.createChoices, for a vocabulary.
std::unique_ptr<Constraint> choices_of(size_t vocab, const Napi::Value& choices, const Napi::Value& end_ids);

}  // namespace ggma

#endif
