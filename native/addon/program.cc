#include "addon/program.h"

#include <algorithm>
#include <cstring>

#include "addon/arguments.h"
#include "addon/instance.h"
#include "addon/profile.h"
#include "addon/sampler.h"
#include "core/batch.h"

namespace ggma {
namespace {

const int32_t* cancel_flag(const Napi::Int32Array& flag) {
  if (flag.ElementLength() == 0) bad_argument("cancel", "an Int32Array of at least one element");
  return flag.Data();
}

class StepJob : public PromiseJob {
 public:
  StepJob(Napi::Env env, const ProgramState& state, const Napi::Int32Array& rows, const Napi::Value& options)
      : PromiseJob(env, state.host),
        model_(state.model),
        rows_(rows.Data(), rows.Data() + rows.ElementLength()) {
    if (rows_.size() % 4 != 0) bad_argument("rows", "[token, sequence, position, wantLogits] for each row");
    if (const auto cancel = member(options, "cancel"); present(cancel)) {
      const Napi::Int32Array flag = int32_array(cancel, "cancel");
      keep(flag);
      cancel_ = cancel_flag(flag);
    }
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

class DecodeJob : public PromiseJob {
 public:
  DecodeJob(Napi::Env env, const ProgramState& state, const Napi::Array& requests, double most_ms)
      : PromiseJob(env, state.host), model_(state.model), most_ms_(most_ms) {
    requests_.reserve(requests.Length());
    for (uint32_t i = 0; i < requests.Length(); i++) add(requests.Get(i));
  }

  void run(const std::atomic<bool>& disposed) override {
    Batch batch(*model_, std::move(requests_));
    batch.run(most_ms_, &disposed);
    outcomes_ = std::move(batch.outcomes);
  }

  Napi::Value result(Napi::Env env) override {
    const auto array = Napi::Array::New(env, outcomes_.size());
    for (size_t i = 0; i < outcomes_.size(); i++) {
      const DecodeOutcome& outcome = outcomes_[i];
      const Napi::Object object = Napi::Object::New(env);
      object.Set("fed", static_cast<double>(outcome.fed));
      object.Set("produced", static_cast<double>(outcome.produced));
      object.Set("error", outcome.failure ? error_value(env, *outcome.failure) : env.Null());
      array.Set(static_cast<uint32_t>(i), object);
    }
    return array;
  }

 private:
  // All typed arrays stay where they are: the job reads and writes them in place.
  void add(const Napi::Value& value) {
    DecodeRequest request{};
    request.sequence = static_cast<int32_t>(integer(member(value, "sequence"), "sequence", 0, INT32_MAX));
    request.position = static_cast<int32_t>(integer(member(value, "position"), "position", 0, INT32_MAX));
    request.count = static_cast<size_t>(integer(member(value, "count"), "count", 0, INT32_MAX));
    Napi::Int32Array feed = int32_array(member(value, "feed"), "feed");
    keep(feed);
    request.feed = feed.Data();
    request.feed_count = feed.ElementLength();
    if (request.count > 0) {
      Napi::Int32Array out = int32_array(member(value, "out"), "out");
      if (out.ElementLength() < request.count) bad_argument("out", "an Int32Array of `count` elements");
      keep(out);
      request.out = out.Data();
    }
    if (const auto stops = member(value, "stopIds"); present(stops)) {
      Napi::Int32Array ids = int32_array(stops, "stopIds");
      keep(ids);
      request.stop_ids = ids.Data();
      request.stop_count = ids.ElementLength();
    }
    if (const auto flag = member(value, "cancel"); present(flag)) {
      const Napi::Int32Array cancel = int32_array(flag, "cancel");
      keep(cancel);
      request.cancel = cancel_flag(cancel);
    }
    samplers_.push_back(SamplerObject::of(member(value, "sampler")));
    request.sampler = samplers_.back().get();
    request.logprobs = sink(member(value, "logprobs"), request.count);
    request.scores = sink(member(value, "scores"), request.feed_count);
    requests_.push_back(request);
  }

  LogprobSink sink(const Napi::Value& value, size_t tokens) {
    LogprobSink out;
    if (!present(value)) return out;
    out.top = static_cast<size_t>(integer(member(value, "top"), "top", 0, 1 << 16));
    const auto doubles = [&](const char* name, size_t count) {
      Napi::Float64Array array =
          typed_array<Napi::Float64Array>(member(value, name), napi_float64_array, name, "a Float64Array");
      if (array.ElementLength() < count) bad_argument(name, "an element for each token and alternative");
      keep(array);
      return array.Data();
    };
    Napi::Int32Array ids = int32_array(member(value, "topIds"), "topIds");
    if (ids.ElementLength() < tokens * out.top) bad_argument("topIds", "an element for each alternative");
    keep(ids);
    out.logprobs = doubles("logprobs", tokens);
    out.top_ids = ids.Data();
    out.top_logprobs = doubles("topLogprobs", tokens * out.top);
    return out;
  }

  std::shared_ptr<Model> model_;
  const double most_ms_;
  std::vector<DecodeRequest> requests_;
  std::vector<std::shared_ptr<Sampler>> samplers_;  // [requests]
  std::vector<DecodeOutcome> outcomes_;
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
  return DefineClass(
      env, "Program",
      {InstanceMethod<&ProgramObject::create_sequence>("createSequence"),
       InstanceMethod<&ProgramObject::fork_sequence>("forkSequence"),
       InstanceMethod<&ProgramObject::free_sequence>("freeSequence"),
       InstanceMethod<&ProgramObject::create_sampler>("createSampler"),
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
    return state_->host->submit(std::make_unique<ForkJob>(info.Env(), *state_, sequence, positions));
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
    return state_->host->submit(std::make_unique<ProfileJob>(info.Env(), *state_));
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
    return state_->host->submit(std::make_unique<StepJob>(info.Env(), *state_, rows, info[1]));
  });
}

Napi::Value ProgramObject::decode(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    state_->host->expect_open();
    if (!info[0].IsArray()) bad_argument("requests", "an array of requests");
    const double most_ms = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : -1;
    if (!(most_ms >= 0)) bad_argument("mostMs", "a number of milliseconds");
    return state_->host->submit(
        std::make_unique<DecodeJob>(info.Env(), *state_, info[0].As<Napi::Array>(), most_ms));
  });
}

}  // namespace ggma
