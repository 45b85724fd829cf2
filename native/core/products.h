// Runs matrix products over the same rows as one: q, k and v; gate and up, together with their SILU_MUL. The
// work is handed to the threads once instead of two to four times, and small matrices keep them busier.
#ifndef GGMA_CORE_PRODUCTS_H
#define GGMA_CORE_PRODUCTS_H

#include "core/program.h"
#include "core/step_context.h"

namespace ggma {

constexpr size_t kMaxProducts = 4;

// How many steps from number `at` on run as one; 1: it runs by itself.
size_t products_together(const Program& program, size_t at);

// Those steps; `count` is what products_together said.
void run_products(StepContext& context, const Step* steps, size_t count);

// A MATMUL as a call: kernel(&args, first panel, end).
struct Product {
  Kernel<MatmulArgs> kernel;
  MatmulArgs args;
  size_t panels;
  size_t unit_work() const { return args.inputs * kLanes * args.rows; }
};
Product product_of(StepContext& context, const MatmulOperands& operands);

// The same of `count` of its panels from `first` on, as a product by itself: dst [rows, outputs of the part].
MatmulArgs part_of(const MatmulArgs& args, size_t panel_bytes, size_t first, size_t count, float* dst);

// The rows of a slot as int8 blocks. They are made once for all products that read them.
const QuantBlock* quantised(StepContext& context, uint32_t slot);

// One MATMUL by itself.
void run_product(StepContext& context, const MatmulOperands& operands);

}  // namespace ggma

#endif
