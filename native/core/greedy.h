// Finds the most likely token of each row if nobody asks for the logits. It runs the last product and its
// argmax together, a few panels at a time, so that the logits stay in the cache. With a screen, most of the
// output matrix is not read (core/screen.h). The tokens are the argmax of the logits, and of equal logits the
// first one.
#ifndef GGMA_CORE_GREEDY_H
#define GGMA_CORE_GREEDY_H

#include <vector>

#include "core/screen.h"
#include "core/step_context.h"

namespace ggma {

class Greedy {
 public:
  // Throws OUT_OF_MEMORY and what loading.cancel throws.
  Greedy(const Program& program, const Weights& weights, const KernelTable& kernels, ThreadPool& pool,
         const Loading& loading);

  // Whether the program ends in a product that this can stand for.
  bool applies() const { return last_ != nullptr; }
  // Of the screen's copy.
  uint64_t bytes() const { return screen_.bytes(); }
  // Rows whose token the screen has found.
  uint64_t screened() const { return screened_; }
  size_t quantised_width() const { return screen_.inputs(); }

  // Instead of the last step: ids [wanted rows], −1 where a logit is NaN or infinite.
  void run(StepContext& context, std::vector<int32_t>& ids);

 private:
  struct Best {
    int32_t id;
    float value;
  };
  struct Blocks;
  static void run_blocks(const Blocks* blocks, size_t begin, size_t end);
  void run_all(StepContext& context, std::vector<int32_t>& ids);

  const Step* last_ = nullptr;
  MatmulOperands product_{};  // of last_
  Screen screen_;
  uint64_t screened_ = 0;
  std::vector<Best> best_;  // [blocks, rows]
};

}  // namespace ggma

#endif
