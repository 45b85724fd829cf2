#include "addon/program.h"

#include <algorithm>

#include "addon/arguments.h"
#include "addon/instance.h"

namespace ggma {
namespace {

// A job on a model, with the flag that cancels it.
class ModelJob : public PromiseJob {
 public:
  ModelJob(Napi::Env env, const ProgramState& state, const Napi::Value& cancel)
      : PromiseJob(env, state.host), model(state.model) {
    if (!present(cancel)) return;
    const Napi::Int32Array flag = int32_array(cancel, "cancel");
    if (flag.ElementLength() == 0) bad_argument("cancel", "an Int32Array of at least one element");
    keep(flag);
    flag_ = flag.Data();
  }

  Cancel cancel(const std::atomic<bool>& disposed) const { return {&disposed, flag_}; }

  std::shared_ptr<Model> model;

 private:
  const int32_t* flag_ = nullptr;
};

class StepJob : public ModelJob {
 public:
  StepJob(Napi::Env env, const ProgramState& state, const Napi::Int32Array& rows, const Napi::Value& options)
      : ModelJob(env, state, member(options, "cancel")),
        rows_(rows.Data(), rows.Data() + rows.ElementLength()) {
    if (rows_.size() % 4 != 0) bad_argument("rows", "[token, sequence, position, wantLogits] for each row");
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
    ids_ = model->step(rows_.data(), rows_.size() / 4, logits_, logits_floats_, cancel(disposed));
  }

  Napi::Value result(Napi::Env env) override {
    auto array = Napi::Int32Array::New(env, ids_.size());
    std::copy(ids_.begin(), ids_.end(), array.Data());
    return array;
  }

 private:
  const std::vector<int32_t> rows_;
  float* logits_ = nullptr;
  size_t logits_floats_ = 0;
  float nothing_ = 0;
  std::vector<int32_t> ids_;
};

class GreedyJob : public ModelJob {
 public:
  GreedyJob(Napi::Env env, const ProgramState& state, const Napi::Value& request)
      : ModelJob(env, state, member(request, "cancel")) {
    const auto number = [&](const char* name) {
      return static_cast<int32_t>(integer(member(request, name), name, 0, INT32_MAX));
    };
    Napi::Int32Array out = int32_array(member(request, "out"), "out");
    keep(out);
    if (const auto stops = member(request, "stopIds"); present(stops)) {
      const Napi::Int32Array ids = int32_array(stops, "stopIds");
      stop_ids_.assign(ids.Data(), ids.Data() + ids.ElementLength());
    }
    const int32_t count = number("count");
    if (static_cast<size_t>(count) > out.ElementLength())
      bad_argument("out", "an Int32Array of `count` elements");
    request_ = {number("sequence"), number("token"), number("position"),        stop_ids_.data(),
                stop_ids_.size(),   out.Data(),      static_cast<size_t>(count)};
  }

  void run(const std::atomic<bool>& disposed) override {
    produced_ = model->decode_greedy(request_, cancel(disposed));
  }
  Napi::Value result(Napi::Env env) override {
    return Napi::Number::New(env, static_cast<double>(produced_));
  }

 private:
  std::vector<int32_t> stop_ids_;
  GreedyRequest request_{};
  size_t produced_ = 0;
};

class ForkJob : public PromiseJob {
 public:
  ForkJob(Napi::Env env, const ProgramState& state, int32_t sequence, int32_t positions)
      : PromiseJob(env, state.host), model_(state.model), sequence_(sequence), positions_(positions) {}

  void run(const std::atomic<bool>&) override { made_ = model_->fork_sequence(sequence_, positions_); }
  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, made_); }

 private:
  const std::shared_ptr<Model> model_;
  const int32_t sequence_, positions_;
  int32_t made_ = 0;
};

}  // namespace

Napi::Function ProgramObject::define(Napi::Env env) {
  return DefineClass(env, "Program",
                     {InstanceMethod<&ProgramObject::create_sequence>("createSequence"),
                      InstanceMethod<&ProgramObject::fork_sequence>("forkSequence"),
                      InstanceMethod<&ProgramObject::free_sequence>("freeSequence"),
                      InstanceMethod<&ProgramObject::sequence_length>("sequenceLength"),
                      InstanceMethod<&ProgramObject::memory>("memory"),
                      InstanceMethod<&ProgramObject::set_table>("setTable"),
                      InstanceMethod<&ProgramObject::table_length>("tableLength"),
                      InstanceMethod<&ProgramObject::step>("step"),
                      InstanceMethod<&ProgramObject::decode_greedy>("decodeGreedy")});
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
    return state_->host->submit(std::make_unique<ForkJob>(info.Env(), *state_, sequence, positions));
  });
}

Napi::Value ProgramObject::free_sequence(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    model().free_sequence(static_cast<int32_t>(integer(info[0], "sequence", 0, INT32_MAX)));
    return info.Env().Undefined();
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
    return state_->host->submit(std::make_unique<StepJob>(info.Env(), *state_, rows, info[1]));
  });
}

Napi::Value ProgramObject::decode_greedy(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    state_->host->expect_open();
    return state_->host->submit(std::make_unique<GreedyJob>(info.Env(), *state_, info[0]));
  });
}

}  // namespace ggma
