#include "addon/profile.h"

#include "addon/arguments.h"

namespace ggma {
namespace {

constexpr Profiler::Phase kPhases[] = {Profiler::Phase::kPrefill, Profiler::Phase::kDecode};

void append(std::vector<double>& out, std::initializer_list<uint64_t> values) {
  for (const uint64_t value : values) out.push_back(static_cast<double>(value));
}

}  // namespace

void ProfileJob::run(const std::atomic<bool>&) {
  const Profiler& profiler = *model_->profiler();
  for (const Profiler::Phase phase : kPhases) {
    const Profiler::Pass& pass = profiler.passes(phase);
    append(passes_, {pass.calls, pass.rows, pass.nanoseconds});
    for (size_t i = 0; i < profiler.names().size(); i++) {
      const Profiler::Total& total = profiler.total(phase, i);
      append(totals_, {total.calls, total.rows, total.nanoseconds, total.weight_bytes, total.activation_bytes,
                       total.operations});
    }
  }
  events_.reserve(8 * profiler.events().size());
  for (const Profiler::Event& event : profiler.events())
    append(events_, {event.step, static_cast<uint64_t>(event.phase), event.pass, event.rows, event.start,
                     event.nanoseconds, event.bytes, event.operations});
  dropped_ = static_cast<double>(profiler.dropped());
}

Napi::Value ProfileJob::result(Napi::Env env) {
  const std::vector<std::string>& names = model_->profiler()->names();
  const Napi::Array list = Napi::Array::New(env, names.size());
  for (size_t i = 0; i < names.size(); i++) list.Set(static_cast<uint32_t>(i), names[i]);
  const Napi::Object out = Napi::Object::New(env);
  out.Set("names", list);
  out.Set("passes", array_of<Napi::Float64Array>(env, passes_));
  out.Set("totals", array_of<Napi::Float64Array>(env, totals_));
  out.Set("events", array_of<Napi::Float64Array>(env, events_));
  out.Set("dropped", dropped_);
  return out;
}

}  // namespace ggma
