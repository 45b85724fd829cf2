// Matrix products that run as one: those of the same rows (q, k and v; gate and up, and what SILU_MUL makes
// of them). One hand-over to the threads instead of two to four, and small matrices fill them better.
#ifndef GGMA_CORE_PRODUCTS_H
#define GGMA_CORE_PRODUCTS_H

#include "core/program.h"
#include "core/step_context.h"

namespace ggma {

// How many steps from number `at` on run as one; 1: it runs by itself.
size_t products_together(const Program& program, size_t at);

// Those steps; `count` is what products_together said.
void run_products(StepContext& context, const Step* steps, size_t count);

// One MATMUL by itself.
void run_product(StepContext& context, const uint32_t* operands);

}  // namespace ggma

#endif
