// Where a model's time goes: per step of its program and phase the calls, nanoseconds, bytes read and
// operations, and the first events one by one. Measured on the engine's leading thread: what a step takes
// there includes waiting for the helpers.
#ifndef GGMA_CORE_PROFILE_H
#define GGMA_CORE_PROFILE_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ggma {

struct Program;
struct StepContext;
class Weights;

// What one call of a step does, as its kernel counts it: each weight read once, each slot, table and key or
// value that it reads; a multiply-add is two operations, a division, root or exponential one.
struct Cost {
  uint64_t weight_bytes, activation_bytes, operations;
};

class Profiler {
 public:
  // Prefill: several rows of one sequence; decode: one row of each. It is the form of the work that counts:
  // the last token of a prompt, alone in its pass, is decode.
  enum class Phase : uint8_t { kPrefill, kDecode };

  struct Total {
    uint64_t calls, rows, nanoseconds, weight_bytes, activation_bytes, operations;
  };
  // A run over one chunk of rows, from its preparation to ARGMAX. SAMPLE comes after it.
  struct Pass {  // those that came to their end
    uint64_t calls, rows, nanoseconds;
  };
  struct Event {
    uint32_t step, pass, rows;
    Phase phase;
    uint64_t start, nanoseconds;  // start: since the profiler was made
    uint64_t bytes, operations;
  };
  // 6 MB; a pass of a model with 32 layers has about 400 steps.
  static constexpr size_t kMaxEvents = 100000;

  Profiler(const Program& program, const Weights& weights);

  void begin_pass(Phase phase, size_t rows);
  // The time since the last call of one of these belongs to what it names: `count` steps from number `index`
  // on, which ran as one. They share it in proportion to their operations.
  void steps(size_t index, size_t count, const StepContext& context);
  // The last product and the argmax that ran with it; the weight counts as read, screened or not.
  void greedy(size_t index, const StepContext& context, size_t vocab);
  void argmax(size_t rows, size_t vocab) { scan(names_.size() - 2, rows, vocab); }
  // Restarts the clock. The time since the last call is not counted.
  void resume() { last_ = read_clock(); }
  // A draw or log-probabilities of one row, since resume().
  void sample(size_t vocab) { scan(names_.size() - 1, 1, vocab); }
  void end_pass();

  // One for each step, then ARGMAX and SAMPLE: a kernel's name, and the dtype that its weight is packed in,
  // where it has one.
  const std::vector<std::string>& names() const { return names_; }
  const Total& total(Phase phase, size_t index) const {
    return totals_[static_cast<size_t>(phase) * names_.size() + index];
  }
  const Pass& passes(Phase phase) const { return passes_[static_cast<size_t>(phase)]; }
  const std::vector<Event>& events() const { return events_; }
  // Events beyond kMaxEvents: in the totals, but not in events().
  uint64_t dropped() const { return dropped_; }

 private:
  uint64_t read_clock() const {
    return static_cast<uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - epoch_).count());
  }
  // What looks at each logit once.
  void scan(size_t index, size_t rows, size_t vocab) {
    const uint64_t passed = read_clock() - last_, values = uint64_t{rows} * vocab;
    take(index, rows, {0, values * sizeof(float), values}, passed);
    resume();  // the time of the bookkeeping must not count for the next step
  }
  // Nanoseconds from last_ on.
  void take(size_t index, size_t rows, const Cost& cost, uint64_t passed);

  const Program& program_;
  const std::chrono::steady_clock::time_point epoch_ = std::chrono::steady_clock::now();
  std::vector<std::string> names_;
  std::vector<Total> totals_;  // [2 phases, names]
  Pass passes_[2] = {};
  std::vector<Event> events_;
  uint64_t dropped_ = 0, last_ = 0, pass_start_ = 0;
  uint32_t pass_ = 0;
  size_t rows_ = 0;
  Phase phase_ = Phase::kPrefill;
};

}  // namespace ggma

#endif
