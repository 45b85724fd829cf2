// Finds the most likely token without most of the output matrix. The scores of an int8 copy of the matrix lie
// within a known bound of the exact ones (Cauchy–Schwarz, per row). Only the few blocks of outputs whose
// upper bound reaches the highest lower bound are computed exactly, with the same kernel and the same chain
// as all logits.
//
// With W the matrix, Ŵ its copy, x a row, x̂ its int8 form, c the computed and s the approximate score of
// output o:
//   |c − s| ≤ |w·x − ŵ·x̂| + rounding ≤ ‖w − ŵ‖ ‖x̂‖ + ‖w‖ ‖x − x̂‖ + γ (‖w‖ ‖x‖ + ‖ŵ‖ ‖x̂‖), γ ≈ inputs · 2^−23.
#ifndef GGMA_CORE_SCREEN_H
#define GGMA_CORE_SCREEN_H

#include <vector>

#include "core/step_context.h"

namespace ggma {

class Screen {
 public:
  Screen(const KernelTable& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  // The copy of a packed matrix of floats; none is made where it would not help (int8 already, columns that
  // are no multiple of 32, weights that are not finite). Throws OUT_OF_MEMORY and what loading.cancel throws.
  void build(const PackedWeight& weight, const Loading& loading);
  bool ready() const { return copy_ != nullptr; }
  uint64_t bytes() const { return bytes_; }
  size_t inputs() const { return inputs_; }  // 0: no copy

  // ids [rows] of the MATMUL with these operands. false: too many outputs come close, or the row is not
  // finite; then it has done nothing.
  bool run(StepContext& context, const MatmulOperands& operands, std::vector<int32_t>& ids);

 private:
  struct Copy;
  struct Blocks;
  static void copy_panels(const Copy* copy, size_t begin, size_t end);
  static void run_blocks(const Blocks* blocks, size_t begin, size_t end);
  bool set_factors(const float* x, const QuantBlock* q, size_t rows);
  bool find_candidates(size_t row, size_t blocks);

  const KernelTable& kernels_;
  ThreadPool& pool_;
  size_t inputs_ = 0, outputs_ = 0;
  uint64_t bytes_ = 0;
  FloatBuffer copy_;          // q8_0 panels
  std::vector<float> error_;  // [outputs]: ‖w − ŵ‖, rounded up
  std::vector<float> norm_;   // [outputs]: ‖w‖, rounded up
  double largest_norm_ = 0;
  std::vector<ScreenFactors> factors_;    // [rows]
  std::vector<float> upper_, lower_;      // [rows, blocks of 64], [runs of panels, rows]
  std::vector<uint32_t> candidates_;      // blocks of all rows
  std::vector<size_t> candidate_counts_;  // [rows]
};

}  // namespace ggma

#endif
