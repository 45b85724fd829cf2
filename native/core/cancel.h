// Why a job should end early; asked between steps.
#ifndef GGMA_CORE_CANCEL_H
#define GGMA_CORE_CANCEL_H

#include <atomic>
#include <cstdint>

#include "core/failure.h"

namespace ggma {

struct Cancel {
  const std::atomic<bool>* disposed = nullptr;  // the engine is closing
  const int32_t* flag = nullptr;                // memory of the caller's, who may write it at any time

  // Throws DISPOSED or CANCELLED.
  void check() const {
    if (disposed && disposed->load(std::memory_order_relaxed))
      throw Failure("DISPOSED", "expected an open engine, got one that was closed");
    if (flag && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0)
      throw Failure("CANCELLED", "the job was cancelled");
  }
};

}  // namespace ggma

#endif
