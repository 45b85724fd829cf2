#include "addon/program.h"

#include <algorithm>
#include <cstring>

#include "addon/arguments.h"
#include "addon/constraint.h"
#include "addon/decode.h"
#include "addon/instance.h"
#include "addon/profile.h"
#include "addon/sampler.h"

namespace ggma {
namespace {

class StepJob : public PromiseJob {
 public:
  StepJob(const ProgramState& state, const Napi::Int32Array& rows, const Napi::Value& options)
      : PromiseJob(state.host), model_(state.model), rows_(rows.Data(), rows.Data() + rows.ElementLength()) {
    if (rows_.size() % 4 != 0) bad_argument("rows", "[token, sequence, position, wantLogits] for each row");
    cancel_ = cancel_flag(options);
    if (const auto logits = member(options, "logits"); present(logits)) {
      Napi::Float32Array out = float32_array(logits, "logits");
      keep(out);
      logits_ = out.Data();
      logits_floats_ = out.ElementLength();
      // An empty array has no memory, and still says that logits are asked for.
      if (!logits_) logits_ = &nothing_;
    }
  }

  void run(const std::atomic<bool>& disposed) override {
    ids_ = model_->step(rows_.data(), rows_.size() / 4, logits_, logits_floats_, Cancel{&disposed, cancel_});
  }

  Napi::Value result(Napi::Env env) override { return array_of<Napi::Int32Array>(env, ids_); }

 private:
  std::shared_ptr<Model> model_;
  const std::vector<int32_t> rows_;
  const int32_t* cancel_ = nullptr;
  float* logits_ = nullptr;
  size_t logits_floats_ = 0;
  float nothing_ = 0;
  std::vector<int32_t> ids_;
};

class ForkJob : public PromiseJob {
 public:
  ForkJob(const ProgramState& state, int32_t sequence, int32_t positions)
      : PromiseJob(state.host), model_(state.model), sequence_(sequence), positions_(positions) {}

  void run(const std::atomic<bool>&) override { made_ = model_->fork_sequence(sequence_, positions_); }
  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, made_); }

 private:
  const std::shared_ptr<Model> model_;
  const int32_t sequence_, positions_;
  int32_t made_ = 0;
};

}  // namespace

Napi::Function ProgramObject::define(Napi::Env env) {
  return DefineClass(
      env, "Program",
      {InstanceMethod<&ProgramObject::create_sequence>("createSequence"),
       InstanceMethod<&ProgramObject::fork_sequence>("forkSequence"),
       InstanceMethod<&ProgramObject::free_sequence>("freeSequence"),
       InstanceMethod<&ProgramObject::create_sampler>("createSampler"),
       InstanceMethod<&ProgramObject::create_choices>("createChoices"),
       InstanceMethod<&ProgramObject::sequence_length>("sequenceLength"),
       InstanceMethod<&ProgramObject::memory>("memory"), InstanceMethod<&ProgramObject::profile>("profile"),
       InstanceMethod<&ProgramObject::packed_weights>("packedWeights"),
       InstanceMethod<&ProgramObject::copy_weight>("copyWeight"),
       InstanceMethod<&ProgramObject::set_table>("setTable"),
       InstanceMethod<&ProgramObject::table_length>("tableLength"),
       InstanceMethod<&ProgramObject::step>("step"), InstanceMethod<&ProgramObject::decode>("decode")});
}

ProgramObject::ProgramObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  guard(info.Env(), [&] {
    if (!info[0].IsExternal()) bad_argument("Program", "loadProgram to make it");
    state_ = *info[0].As<Napi::External<std::shared_ptr<ProgramState>>>().Data();
    return info.Env().Undefined();
  });
}

Model& ProgramObject::model() const {
  state_->host->expect_open();
  return *state_->model;
}

Napi::Value ProgramObject::create_sequence(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return Napi::Number::New(info.Env(), model().create_sequence()); });
}

Napi::Value ProgramObject::fork_sequence(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    state_->host->expect_open();
    const auto sequence = static_cast<int32_t>(integer(info[0], "sequence", 0, INT32_MAX));
    const auto positions = static_cast<int32_t>(integer(info[1], "positions", 0, INT32_MAX));
    return state_->host->submit(std::make_unique<ForkJob>(*state_, sequence, positions));
  });
}

Napi::Value ProgramObject::free_sequence(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    model().free_sequence(static_cast<int32_t>(integer(info[0], "sequence", 0, INT32_MAX)));
    return info.Env().Undefined();
  });
}

Napi::Value ProgramObject::create_sampler(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const auto vocab = Napi::Number::New(info.Env(), model().program().vocab);
    return info.Env().GetInstanceData<Instance>()->sampler_class.New({vocab, info[0]});
  });
}

Napi::Value ProgramObject::create_choices(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    return ConstraintObject::create(info.Env(), choices_of(model().program().vocab, info[0], info[1]));
  });
}

Napi::Value ProgramObject::sequence_length(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const auto id = static_cast<int32_t>(integer(info[0], "sequence", 0, INT32_MAX));
    return Napi::Number::New(info.Env(), model().sequence_length(id));
  });
}

Napi::Value ProgramObject::memory(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const MemoryUse use = model().memory();
    const Napi::Object out = Napi::Object::New(info.Env());
    out.Set("weightBytes", static_cast<double>(use.weight_bytes));
    out.Set("kvBytes", static_cast<double>(use.kv_bytes));
    out.Set("arenaBytes", static_cast<double>(use.arena_bytes));
    return out;
  });
}

Napi::Value ProgramObject::profile(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    if (!model().profiler()) throw Failure("OPTION", "expected a program loaded with profile: true");
    return state_->host->submit(std::make_unique<ProfileJob>(*state_));
  });
}

Napi::Value ProgramObject::packed_weights(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const Weights& weights = model().weights();
    const std::vector<uint64_t>& sizes = weights.sizes();
    std::vector<int32_t> dtypes;
    for (size_t i = 0; i < sizes.size(); i++) dtypes.push_back(static_cast<int32_t>(weights.data()[i].dtype));
    const Napi::Object out = Napi::Object::New(info.Env());
    out.Set("sizes",
            array_of<Napi::Float64Array>(info.Env(), std::vector<double>(sizes.begin(), sizes.end())));
    out.Set("dtypes", array_of<Napi::Int32Array>(info.Env(), dtypes));
    return out;
  });
}

Napi::Value ProgramObject::copy_weight(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const Weights& weights = model().weights();
    const auto last = static_cast<int64_t>(weights.sizes().size()) - 1;
    const auto weight = static_cast<size_t>(integer(info[0], "weight", 0, last));
    const auto size = static_cast<int64_t>(weights.sizes()[weight]);
    const int64_t from = integer(info[1], "from", 0, size);
    Napi::Uint8Array target = uint8_array(info[2], "target");
    if (target.ElementLength() > static_cast<uint64_t>(size - from))
      bad_argument("target", "at most what the weight has from there on");
    const auto* bytes = static_cast<const uint8_t*>(weights.data()[weight].data);
    if (target.ElementLength() > 0) std::memcpy(target.Data(), bytes + from, target.ElementLength());
    return info.Env().Undefined();
  });
}

Napi::Value ProgramObject::set_table(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const auto table = static_cast<uint32_t>(integer(info[0], "table", 0, UINT32_MAX));
    const auto first = static_cast<uint64_t>(integer(info[1], "firstPosition", 0, INT32_MAX));
    const Napi::Float32Array data = float32_array(info[2], "data");
    model().tables().set(table, first, data.Data(), data.ElementLength());
    return info.Env().Undefined();
  });
}

Napi::Value ProgramObject::table_length(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const auto table = static_cast<uint32_t>(integer(info[0], "table", 0, UINT32_MAX));
    return Napi::Number::New(info.Env(), static_cast<double>(model().tables().length(table)));
  });
}

Napi::Value ProgramObject::step(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    state_->host->expect_open();
    const Napi::Int32Array rows = int32_array(info[0], "rows");
    return state_->host->submit(std::make_unique<StepJob>(*state_, rows, info[1]));
  });
}

Napi::Value ProgramObject::decode(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    state_->host->expect_open();
    if (!info[0].IsArray()) bad_argument("requests", "an array of requests");
    const double max_ms = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : -1;
    if (!(max_ms >= 0)) bad_argument("maxMs", "a number of milliseconds");
    return state_->host->submit(std::make_unique<DecodeJob>(*state_, info[0].As<Napi::Array>(), max_ms));
  });
}

}  // namespace ggma
