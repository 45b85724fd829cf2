#ifndef GGMA_ADDON_DECODE_H
#define GGMA_ADDON_DECODE_H

#include "addon/constraint.h"
#include "addon/host.h"
#include "core/batch.h"

namespace ggma {

// lib/native.ts Program.decode.
class DecodeJob : public PromiseJob {
 public:
  DecodeJob(const ProgramState& state, const Napi::Array& requests, double max_ms);

  void run(const std::atomic<bool>& disposed) override;
  Napi::Value result(Napi::Env env) override;

 private:
  void add(const Napi::Value& value);
  LogprobSink sink(const Napi::Value& value, size_t tokens);

  std::shared_ptr<Model> model_;
  const double max_ms_;
  std::vector<DecodeRequest> requests_;
  // Of all requests. What is read as ids is a copy: JavaScript may change its memory between the check and
  // the use.
  std::vector<std::vector<int32_t>> ids_;
  std::vector<std::shared_ptr<Sampler>> samplers_;
  std::vector<ConstraintUse> constraints_;
  std::vector<DecodeOutcome> outcomes_;
};

}  // namespace ggma

#endif
