#include "core/ops.h"

#include <algorithm>

#include "core/checker.h"
#include "core/products.h"
#include "core/step_context.h"

namespace ggma {
namespace {

struct AnyStep {
  static constexpr uint32_t kMatrix = kNone;
};

// dst a b, elementwise. kOperations: of the kernel, per element. `work`: per element, in the time of a fused
// multiply-add.
template <uint32_t kOperations>
struct BinaryStep : AnyStep {
  static constexpr uint32_t kOperands = 3;
  static void check(StepChecker& c, const uint32_t* w) {
    const uint32_t width = c.read(w[1]).width;
    c.expect(c.read(w[2]).width == width, "operands of one width");
    c.expect(c.write(w[0]).width == width, "dst as wide as its operands");
    c.same_or_apart(w[0], w[1]);
    c.same_or_apart(w[0], w[2]);
  }
  static void run_with(StepContext& c, Kernel<ElementwiseArgs> kernel, const uint32_t* w, size_t work) {
    const size_t width = c.width(w[0]);
    const ElementwiseArgs args{c.slot(w[0]), c.slot(w[1]), c.slot(w[2]), width, 0.0f};
    c.split(kernel, args, c.rows, width * work);
  }
  static Cost cost(const StepContext& c, const uint32_t* w) {
    return {0, 2 * c.float_bytes(c.width(w[0])), c.rows * c.width(w[0]) * kOperations};
  }
};

// dst src …, elementwise.
template <uint32_t kOperations>
struct UnaryStep : AnyStep {
  static constexpr uint32_t kOperands = 2;
  static void check(StepChecker& c, const uint32_t* w) {
    const uint32_t width = c.read(w[1]).width;
    c.expect(c.write(w[0]).width == width, "dst as wide as src");
    c.same_or_apart(w[0], w[1]);
  }
  static void run_with(StepContext& c, Kernel<ElementwiseArgs> kernel, const uint32_t* w, size_t work,
                       float factor = 0.0f) {
    const size_t width = c.width(w[0]);
    const ElementwiseArgs args{c.slot(w[0]), c.slot(w[1]), c.slot(w[1]), width, factor};
    c.split(kernel, args, c.rows, width * work);
  }
  static Cost cost(const StepContext& c, const uint32_t* w) {
    return {0, c.float_bytes(c.width(w[0])), c.rows * c.width(w[0]) * kOperations};
  }
};

#define GGMA_SECTION_STEP
#include "kernels/kernels.inc"
#undef GGMA_SECTION_STEP

constexpr Op kOps[] = {
#define GGMA_SECTION_ROWS
#define GGMA_KERNEL(kernel, Args)
#define GGMA_OP(code, NAME, Step) \
  {code, #NAME, Step::kOperands, Step::check, Step::run, Step::kMatrix, Step::cost},
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
