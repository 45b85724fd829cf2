// A program's profile for JavaScript (lib/native.ts ProgramProfile).
#ifndef GGMA_ADDON_PROFILE_H
#define GGMA_ADDON_PROFILE_H

#include "addon/host.h"

namespace ggma {

// It is a job, so that no step runs while it copies the figures.
class ProfileJob : public PromiseJob {
 public:
  explicit ProfileJob(const ProgramState& state) : PromiseJob(state.host), model_(state.model) {}

  void run(const std::atomic<bool>& disposed) override;
  Napi::Value result(Napi::Env env) override;

 private:
  const std::shared_ptr<Model> model_;
  std::vector<double> passes_, totals_, events_;
  double dropped_ = 0;
};

}  // namespace ggma

#endif
