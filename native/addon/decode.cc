#include "addon/decode.h"

#include "addon/arguments.h"
#include "addon/instance.h"
#include "addon/sampler.h"

namespace ggma {

DecodeJob::DecodeJob(const ProgramState& state, const Napi::Array& requests, double max_ms)
    : PromiseJob(state.host), model_(state.model), max_ms_(max_ms) {
  requests_.reserve(requests.Length());
  for (uint32_t i = 0; i < requests.Length(); i++) add(requests.Get(i));
}

void DecodeJob::run(const std::atomic<bool>& disposed) {
  Batch batch(*model_, std::move(requests_));
  batch.run(max_ms_, &disposed);
  outcomes_ = std::move(batch.outcomes);
}

Napi::Value DecodeJob::result(Napi::Env env) {
  // A constraint is free for the next job as soon as anyone can know that this one has ended.
  constraints_.clear();
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

// Typed arrays for results stay where they are: the job writes them in place.
void DecodeJob::add(const Napi::Value& value) {
  DecodeRequest request{};
  request.sequence = static_cast<int32_t>(integer(member(value, "sequence"), "sequence", 0, INT32_MAX));
  request.position = static_cast<int32_t>(integer(member(value, "position"), "position", 0, INT32_MAX));
  request.count = static_cast<size_t>(integer(member(value, "count"), "count", 0, INT32_MAX));
  // The heap memory of a vector stays where it is when the vectors around it move.
  const auto copied = [&](const Napi::Int32Array& ids) -> const std::vector<int32_t>& {
    ids_.emplace_back(ids.Data(), ids.Data() + ids.ElementLength());
    return ids_.back();
  };
  const std::vector<int32_t>& feed = copied(int32_array(member(value, "feed"), "feed"));
  request.feed = feed.data();
  request.feed_count = feed.size();
  if (request.count > 0) {
    Napi::Int32Array out = int32_array(member(value, "out"), "out");
    if (out.ElementLength() < request.count) bad_argument("out", "an Int32Array of `count` elements");
    keep(out);
    request.out = out.Data();
  }
  if (const auto stops = member(value, "stopIds"); present(stops)) {
    const std::vector<int32_t>& ids = copied(int32_array(stops, "stopIds"));
    request.stop_ids = ids.data();
    request.stop_count = ids.size();
  }
  request.cancel = cancel_flag(value);
  samplers_.push_back(SamplerObject::of(member(value, "sampler")));
  request.sampler = samplers_.back().get();
  if (const auto constraint = member(value, "constraint"); present(constraint)) {
    constraints_.push_back(ConstraintObject::use(constraint));
    request.constraint = constraints_.back().get();
  }
  request.logprobs = sink(member(value, "logprobs"), request.count);
  request.scores = sink(member(value, "scores"), request.feed_count);
  requests_.push_back(request);
}

LogprobSink DecodeJob::sink(const Napi::Value& value, size_t tokens) {
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

}  // namespace ggma
