#include "core/products.h"

#include "core/ops.h"

namespace ggma {
namespace {

bool overlap(const Program& program, uint32_t a, uint32_t b) {
  const SlotRecord &x = program.slots[a], &y = program.slots[b];
  return x.offset < y.offset + y.width && y.offset < x.offset + x.width;
}

Kernel<MatmulArgs> kernel_of(const KernelTable& kernels, Dtype dtype) {
  switch (dtype) {
    case Dtype::kF16:
      return kernels.matmul_f16;
    case Dtype::kBf16:
      return kernels.matmul_bf16;
    case Dtype::kQ8_0:
      return kernels.matmul_q8_0;
    case Dtype::kQ4_0:
      return kernels.matmul_q4_0;
    default:
      return kernels.matmul_f32;
  }
}

// Range: the panels of all products, one product behind the other.
struct Sequel {
  const Product* products;
  size_t count;
};
void run_sequel(const Sequel* sequel, size_t begin, size_t end) {
  size_t first = 0;
  for (size_t i = 0; i < sequel->count; i++) {
    const Product& product = sequel->products[i];
    const size_t from = std::max(begin, first), to = std::min(end, first + product.panels);
    if (from < to) product.kernel(&product.args, from - first, to - first);
    first += product.panels;
  }
}

// Range: panels of both products; then silu(gate) · up of the outputs that these made.
struct Gated {
  const Product* products;  // 2
  Kernel<ElementwiseArgs> silu_mul;
  ElementwiseArgs rows;  // all of them
};
void run_gated(const Gated* gated, size_t begin, size_t end) {
  for (size_t i = 0; i < 2; i++) gated->products[i].kernel(&gated->products[i].args, begin, end);
  const size_t rows = gated->products[0].args.rows, width = gated->rows.width, from = begin * kLanes;
  for (size_t r = 0; r < rows; r++) {
    const size_t at = r * width + from;
    const ElementwiseArgs part{gated->rows.dst + at, gated->rows.a + at, gated->rows.b + at,
                               std::min(end * kLanes, width) - from, 0.0f};
    gated->silu_mul(&part, 0, 1);
  }
}

}  // namespace

const QuantBlock* quantised(StepContext& c, uint32_t slot) {
  if (c.quantised_slot != slot) {
    const QuantizeArgs args{c.quantised, c.slot(slot), c.width(slot)};
    c.split(c.kernels.quantize, args, c.rows, c.width(slot) * 2);
    c.quantised_slot = slot;
  }
  return c.quantised;
}

Product product_of(StepContext& c, const MatmulOperands& o) {
  const PackedWeight& weight = c.weight(o.weight);
  const float* bias = o.bias == kNone ? nullptr : c.weight(o.bias).vector();
  const void* src =
      is_quantised(weight.dtype) ? quantised(c, o.src) : static_cast<const void*>(c.slot(o.src));
  return {kernel_of(c.kernels, weight.dtype),
          {c.slot(o.dst), src, weight.data, bias, c.rows, weight.cols, weight.rows},
          round_up(weight.rows, kLanes) / kLanes};
}

MatmulArgs part_of(const MatmulArgs& args, size_t panel_bytes, size_t first, size_t count, float* dst) {
  MatmulArgs part = args;
  part.dst = dst;
  part.weight = static_cast<const uint8_t*>(args.weight) + first * panel_bytes;
  if (args.bias) part.bias = args.bias + first * kLanes;
  part.outputs = std::min(args.outputs - first * kLanes, count * kLanes);
  return part;
}

size_t products_together(const Program& program, size_t at) {
  const Op *matmul = find_op(MatmulOperands::kCode), *silu_mul = find_op(SiluMulOperands::kCode);
  const std::vector<Step>& steps = program.steps;
  const Step& first = steps[at];
  if (first.op != matmul) return 1;
  const auto product = [](const Step& step) { return operands_at<MatmulOperands>(step.operands); };
  const uint32_t src = product(first).src;
  const auto int8 = [&](const Step& step) {
    return is_quantised(program.weights[product(step).weight].dtype);
  };
  // A result must not lie on another one, nor on the rows that threads still read.
  const auto apart = [&](uint32_t slot, size_t end) {
    for (size_t i = at; i < end; i++)
      if (overlap(program, slot, steps[i].dst())) return false;
    return !overlap(program, slot, src);
  };
  size_t end = at + 1;
  while (end < steps.size() && end - at < kMaxProducts) {
    const Step& next = steps[end];
    if (next.op != matmul || next.wanted != first.wanted || product(next).src != src ||
        int8(next) != int8(first) || !apart(next.dst(), end))
      break;
    end++;
  }
  if (end - at != 2 || end == steps.size()) return end - at;
  const Step& next = steps[end];
  if (next.op != silu_mul || next.wanted != first.wanted) return 2;
  const uint32_t a = first.dst(), b = steps[at + 1].dst();
  const auto gated = operands_at<SiluMulOperands>(next.operands);
  const bool of_both = (gated.gate == a && gated.up == b) || (gated.gate == b && gated.up == a);
  return of_both && (gated.dst == a || gated.dst == b || apart(gated.dst, end)) ? 3 : 2;
}

void run_products(StepContext& c, const Step* steps, size_t count) {
  const bool gated = steps[count - 1].op->code == SiluMulOperands::kCode;
  Product products[kMaxProducts] = {};
  const size_t own = gated ? count - 1 : count;
  size_t panels = 0;
  for (size_t i = 0; i < own; i++) {
    products[i] = product_of(c, operands_at<MatmulOperands>(steps[i].operands));
    panels += products[i].panels;
  }
  if (gated) {
    const auto o = operands_at<SiluMulOperands>(steps[2].operands);
    const Gated args{
        products, c.kernels.silu_mul, {c.slot(o.dst), c.slot(o.gate), c.slot(o.up), c.width(o.dst), 0.0f}};
    c.split(Kernel<Gated>(run_gated), args, products[0].panels, 2 * products[0].unit_work());
  } else {
    c.split(Kernel<Sequel>(run_sequel), Sequel{products, own}, panels, products[0].unit_work());
  }
}

void run_product(StepContext& c, const MatmulOperands& operands) {
  const Product product = product_of(c, operands);
  c.split(product.kernel, product.args, product.panels, product.unit_work());
}

}  // namespace ggma
