#include "core/greedy.h"

#include "core/ops.h"
#include "core/products.h"

namespace ggma {
namespace {

constexpr size_t kFloats = 16384;  // logits at a time: they stay in the second-level cache
constexpr size_t kMaxRows = 64;

// Long runs of panels read faster; few rows can afford them.
size_t panels_at_a_time(size_t rows) { return rows <= 4 ? 256 : rows <= 16 ? 64 : 16; }
static_assert(kFloats == 4 * 256 * kLanes && kFloats == 16 * 64 * kLanes && kFloats == kMaxRows * 16 * kLanes,
              "the rows fit");

}  // namespace

struct Greedy::Blocks {
  const Product* product;
  Kernel<ArgmaxArgs> argmax;
  size_t panel_bytes, panels;  // panels: of one block
  Best* best;                  // [blocks, rows]
};

Greedy::Greedy(const Program& program, const Weights& weights, const KernelTable& kernels, ThreadPool& pool,
               const Loading& loading)
    : screen_(kernels, pool) {
  const Step& last = program.steps.back();
  if (last.op->code != MatmulOperands::kCode || !last.wanted || last.dst() != program.logits().slot) return;
  last_ = &last;
  product_ = operands_at<MatmulOperands>(last.operands);
  if (program.screened && product_.bias == kNone) screen_.build(weights.data()[product_.weight], loading);
}

void Greedy::run_blocks(const Blocks* blocks, size_t begin, size_t end) {
  alignas(64) float logits[kFloats];
  int32_t ids[kMaxRows];
  const MatmulArgs& whole = blocks->product->args;
  for (size_t block = begin; block < end; block++) {
    const size_t first = block * blocks->panels,
                 count = std::min(blocks->panels, blocks->product->panels - first);
    const MatmulArgs part = part_of(whole, blocks->panel_bytes, first, count, logits);
    blocks->product->kernel(&part, 0, count);
    const ArgmaxArgs argmax{ids, logits, part.outputs};
    blocks->argmax(&argmax, 0, whole.rows);
    for (size_t r = 0; r < whole.rows; r++) {
      Best& best = blocks->best[block * whole.rows + r];
      best = {-1, 0};
      if (ids[r] >= 0)
        best = {static_cast<int32_t>(first * kLanes) + ids[r],
                logits[r * part.outputs + static_cast<size_t>(ids[r])]};
    }
  }
}

void Greedy::run_all(StepContext& c, std::vector<int32_t>& ids) {
  const Product product = product_of(c, product_);
  const size_t rows = c.rows, panels = panels_at_a_time(rows),
               blocks = (product.panels + panels - 1) / panels;
  best_.resize(blocks * rows);
  const Dtype dtype = c.weight(product_.weight).dtype;
  const Blocks args{&product, c.kernels.argmax, panel_bytes(dtype, product.args.inputs), panels,
                    best_.data()};
  c.split(Kernel<Blocks>(run_blocks), args, blocks, panels * product.unit_work());
  for (size_t r = 0; r < rows; r++) {
    Best top = best_[r];
    for (size_t b = 1; b < blocks && top.id >= 0; b++) {
      const Best& best = best_[b * rows + r];
      if (best.id < 0 || best.value > top.value) top = best;
    }
    ids[r] = top.id;
  }
}

void Greedy::run(StepContext& c, std::vector<int32_t>& ids) {
  ids.assign(c.rows, -1);
  if (c.rows > kMaxRows) {
    last_->op->run(c, last_->operands);
    const ArgmaxArgs args{ids.data(), c.slot(product_.dst), c.program.vocab};
    c.split(c.kernels.argmax, args, c.rows, c.program.vocab);
  } else if (screen_.ready() && screen_.run(c, product_, ids)) {
    screened_ += c.rows;
  } else {
    run_all(c, ids);
  }
}

}  // namespace ggma
