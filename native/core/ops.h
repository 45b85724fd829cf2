// The operations of programs, as kernels/*.inc register them.
#ifndef GGMA_CORE_OPS_H
#define GGMA_CORE_OPS_H

#include <cstdint>

#include "core/profile.h"

namespace ggma {

class StepChecker;
struct StepContext;

struct Op {
  uint32_t code;
  const char* name;
  uint32_t operands;                                              // how many words, dst included
  void (*check)(StepChecker& checker, const uint32_t* operands);  // throws Failure
  void (*run)(StepContext& context, const uint32_t* operands);
  uint32_t matrix;  // the place of the operand whose dtype chooses the kernel, or kNone
  Cost (*cost)(const StepContext& context, const uint32_t* operands);  // of a run, for profiles
};

// null when no operation has that code.
const Op* find_op(uint32_t code);

}  // namespace ggma

#endif
