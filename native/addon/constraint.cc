#include "addon/constraint.h"

#include "addon/arguments.h"
#include "addon/instance.h"
#include "core/choices.h"

namespace ggma {
namespace {

constexpr napi_type_tag kTag = {0x3f5d8e21c7a94b06, 0xb81c6e0d92f7453a};

void expect_idle(const ConstraintState& state) {
  if (state.busy) bad_argument("constraint", "a constraint that no job uses at the moment");
}

std::vector<int32_t> ids_of(const Napi::Value& value, const char* name) {
  const Napi::Int32Array ids = int32_array(value, name);
  return {ids.Data(), ids.Data() + ids.ElementLength()};
}

int32_t id_of(const Napi::Value& value, size_t vocab) {
  return static_cast<int32_t>(integer(value, "id", 0, static_cast<int64_t>(vocab) - 1));
}

}  // namespace

ConstraintUse::ConstraintUse(std::shared_ptr<ConstraintState> state) : state_(std::move(state)) {
  expect_idle(*state_);
  state_->busy = true;
}

ConstraintUse::~ConstraintUse() {
  if (state_) state_->busy = false;
}

Napi::Function ConstraintObject::define(Napi::Env env) {
  return DefineClass(
      env, "Constraint",
      {InstanceMethod<&ConstraintObject::allows>("allows"), InstanceMethod<&ConstraintObject::mask>("mask"),
       InstanceMethod<&ConstraintObject::accept>("accept"),
       InstanceMethod<&ConstraintObject::rollback>("rollback")});
}

Napi::Value ConstraintObject::create(Napi::Env env, std::unique_ptr<Constraint> constraint) {
  auto state = std::make_shared<ConstraintState>();
  state->constraint = std::move(constraint);
  const auto external = Napi::External<std::shared_ptr<ConstraintState>>::New(env, &state);
  return env.GetInstanceData<Instance>()->constraint_class.New({external});
}

ConstraintObject::ConstraintObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  guard(info.Env(), [&] {
    if (!info[0].IsExternal()) bad_argument("Constraint", "a function such as createChoices to make it");
    state_ = *info[0].As<Napi::External<std::shared_ptr<ConstraintState>>>().Data();
    info.This().As<Napi::Object>().TypeTag(&kTag);
    return info.Env().Undefined();
  });
}

ConstraintUse ConstraintObject::use(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag))
    bad_argument("constraint", "a Constraint");
  const ConstraintObject* const object = Unwrap(value.As<Napi::Object>());
  // null: the environment is being torn down
  if (!object) bad_argument("constraint", "a Constraint of an environment that still runs");
  return ConstraintUse(object->state_);
}

Constraint& ConstraintObject::idle() const {
  expect_idle(*state_);
  return *state_->constraint;
}

Napi::Value ConstraintObject::allows(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    Constraint& constraint = idle();
    return Napi::Boolean::New(info.Env(), constraint.allows(id_of(info[0], constraint.vocab())));
  });
}

Napi::Value ConstraintObject::mask(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    Constraint& constraint = idle();
    std::vector<uint32_t> words(mask_words(constraint.vocab()));
    constraint.mask(words.data());
    return array_of<Napi::Uint32Array>(info.Env(), words);
  });
}

Napi::Value ConstraintObject::accept(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    Constraint& constraint = idle();
    const int32_t id = id_of(info[0], constraint.vocab());
    if (!constraint.allows(id)) bad_argument("id", "a token that the constraint allows");
    constraint.accept(id);
    return info.Env().Undefined();
  });
}

Napi::Value ConstraintObject::rollback(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    Constraint& constraint = idle();
    const auto accepted = static_cast<int64_t>(constraint.accepted());
    constraint.rollback(static_cast<size_t>(integer(info[0], "count", 0, accepted)));
    return info.Env().Undefined();
  });
}

std::unique_ptr<Constraint> choices_of(size_t vocab, const Napi::Value& choices, const Napi::Value& end_ids) {
  if (!choices.IsArray()) bad_argument("choices", "an array of Int32Array");
  const auto array = choices.As<Napi::Array>();
  std::vector<std::vector<int32_t>> sequences;
  for (uint32_t i = 0; i < array.Length(); i++) sequences.push_back(ids_of(array.Get(i), "choices"));
  return std::make_unique<Choices>(vocab, sequences, ids_of(end_ids, "endIds"));
}

}  // namespace ggma
