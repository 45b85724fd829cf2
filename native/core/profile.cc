#include "core/profile.h"

#include "core/ops.h"
#include "core/products.h"
#include "core/program.h"
#include "core/step_context.h"

namespace ggma {

Profiler::Profiler(const Program& program, const Weights& weights) : program_(program) {
  for (const Step& step : program.steps) {
    std::string name = step.op->name;
    if (step.op->matrix != kNone)
      name += std::string(" ") +
              kDtypeNames[static_cast<uint32_t>(weights.data()[step.operands[step.op->matrix]].dtype)];
    names_.push_back(std::move(name));
  }
  names_.insert(names_.end(), {"ARGMAX", "SAMPLE"});
  totals_.resize(2 * names_.size());
  events_.reserve(kMaxEvents);  // no allocation between two steps
}

void Profiler::begin_pass(Phase phase, size_t rows) {
  phase_ = phase;
  rows_ = rows;
  pass_++;
  pass_start_ = last_ = read_clock();
}

void Profiler::end_pass() {
  Pass& pass = passes_[static_cast<size_t>(phase_)];
  pass.calls++;
  pass.rows += rows_;
  pass.nanoseconds += read_clock() - pass_start_;
}

void Profiler::steps(size_t index, size_t count, const StepContext& context) {
  const uint64_t passed = read_clock() - last_;
  Cost costs[kMaxProducts];
  uint64_t operations = 0;
  for (size_t i = 0; i < count; i++) {
    const Step& step = program_.steps[index + i];
    costs[i] = step.op->cost(context, step.operands);
    operations += costs[i].operations;
  }
  uint64_t before = 0;
  for (size_t i = 0; i < count; i++) {
    const double share = operations == 0
                             ? 1.0 / static_cast<double>(count)
                             : static_cast<double>(costs[i].operations) / static_cast<double>(operations);
    // The last gets what is left, so that nothing is lost to rounding.
    const uint64_t part =
        i + 1 == count ? passed - before : static_cast<uint64_t>(static_cast<double>(passed) * share);
    take(index + i, context.rows, costs[i], part);
    before += part;
  }
  resume();
}

void Profiler::greedy(size_t index, const StepContext& context, size_t vocab) {
  const uint64_t passed = read_clock() - last_;
  const Step& step = program_.steps[index];
  const Cost product = step.op->cost(context, step.operands);
  const uint64_t values = context.rows * vocab;
  const double share =
      static_cast<double>(product.operations) / static_cast<double>(product.operations + values);
  const uint64_t part = static_cast<uint64_t>(static_cast<double>(passed) * share);
  take(index, context.rows, product, part);
  take(names_.size() - 2, context.rows, {0, values * sizeof(float), values}, passed - part);
  resume();
}

void Profiler::take(size_t index, size_t rows, const Cost& cost, uint64_t passed) {
  Total& total = totals_[static_cast<size_t>(phase_) * names_.size() + index];
  total.calls++;
  total.rows += rows;
  total.nanoseconds += passed;
  total.weight_bytes += cost.weight_bytes;
  total.activation_bytes += cost.activation_bytes;
  total.operations += cost.operations;
  if (events_.size() < kMaxEvents) {
    events_.push_back({static_cast<uint32_t>(index), pass_, static_cast<uint32_t>(rows), phase_, last_,
                       passed, cost.weight_bytes + cost.activation_bytes, cost.operations});
  } else {
    dropped_++;
  }
  last_ += passed;
}

}  // namespace ggma
