#include "core/ops.h"

#include <algorithm>

#include "core/checker.h"
#include "core/products.h"
#include "core/step_context.h"

namespace ggma {
namespace {

// An elementwise step of two slots, kA and kB. kOperations: what the kernel computes per element. `work`: how
// long an element takes, in fused multiply-adds.
template <class Operands, uint32_t Operands::* kA, uint32_t Operands::* kB, uint32_t kOperations>
struct BinaryStep {
  static void check(StepChecker& c, const Operands& o) {
    const uint32_t width = c.read(o.*kA).width;
    c.expect(c.read(o.*kB).width == width, "operands of one width");
    c.expect(c.write(o.dst).width == width, "dst as wide as its operands");
    c.same_or_apart(o.dst, o.*kA);
    c.same_or_apart(o.dst, o.*kB);
  }
  static void run_with(StepContext& c, Kernel<ElementwiseArgs> kernel, const Operands& o, size_t work) {
    const size_t width = c.width(o.dst);
    const ElementwiseArgs args{c.slot(o.dst), c.slot(o.*kA), c.slot(o.*kB), width, 0.0f};
    c.split(kernel, args, c.rows, width * work);
  }
  static Cost cost(const StepContext& c, const Operands& o) {
    return {0, 2 * c.float_bytes(c.width(o.dst)), c.rows * c.width(o.dst) * kOperations};
  }
};

// An elementwise step of one slot, src.
template <class Operands, uint32_t kOperations>
struct UnaryStep {
  static void check(StepChecker& c, const Operands& o) {
    const uint32_t width = c.read(o.src).width;
    c.expect(c.write(o.dst).width == width, "dst as wide as src");
    c.same_or_apart(o.dst, o.src);
  }
  static void run_with(StepContext& c, Kernel<ElementwiseArgs> kernel, const Operands& o, size_t work,
                       float factor = 0.0f) {
    const size_t width = c.width(o.dst);
    const ElementwiseArgs args{c.slot(o.dst), c.slot(o.src), c.slot(o.src), width, factor};
    c.split(kernel, args, c.rows, width * work);
  }
  static Cost cost(const StepContext& c, const Operands& o) {
    return {0, c.float_bytes(c.width(o.dst)), c.rows * c.width(o.dst) * kOperations};
  }
};

#define GGMA_SECTION_STEP
#include "kernels/kernels.inc"
#undef GGMA_SECTION_STEP

template <class Operands, class Step>
constexpr Op op_of() {
  return {Operands::kCode,
          Operands::kName,
          Operands::kCount,
          [](StepChecker& c, const uint32_t* words) { Step::check(c, operands_at<Operands>(words)); },
          [](StepContext& c, const uint32_t* words) { Step::run(c, operands_at<Operands>(words)); },
          Operands::kMatrix,
          [](const StepContext& c, const uint32_t* words) {
            return Step::cost(c, operands_at<Operands>(words));
          }};
}

constexpr Op kOps[] = {
#define GGMA_SECTION_ROWS
#define GGMA_KERNEL(kernel, Args)
#define GGMA_OP(Operands, Step) op_of<Operands, Step>(),
#include "kernels/kernels.inc"
#undef GGMA_OP
#undef GGMA_KERNEL
#undef GGMA_SECTION_ROWS
};

}  // namespace

const Op* find_op(uint32_t code) {
  for (const Op& op : kOps)
    if (op.code == code) return &op;
  return nullptr;
}

}  // namespace ggma
