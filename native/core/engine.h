// What models share: the kernels, the threads and the budget for keys and values.
#ifndef GGMA_CORE_ENGINE_H
#define GGMA_CORE_ENGINE_H

#include <memory>
#include <string>

#include "core/kv_cache.h"
#include "core/pool.h"
#include "kernels/kernels.h"

namespace ggma {

struct EngineOptions {
  size_t threads = 0;              // 0: default_threads()
  uint64_t budget_bytes = 0;       // of keys and values; 0: half of physical_memory()
  bool weights_in_budget = false;  // and of the weights
  bool half_cache = false;         // keys and values in f16
  bool screened = false;           // greedy tokens of float models through a screen (core/screen.h)
  bool narrowed = true;            // f32 weights in 16 bits where they lose nothing (core/narrow.h)
  const char* isa = nullptr;       // null: the environment's GGMA_ISA, or the best
};

// Physical cores that this process may use, and no more than its control groups give it time for; from four
// on, one less, which is the event loop's. `root` as in core/cgroup.h.
size_t default_threads(const std::string& root = "");

struct Engine {
  // Throws NATIVE_ISA.
  explicit Engine(const EngineOptions& options);

  const KernelTable& kernels;
  ThreadPool pool;
  std::shared_ptr<MemoryBudget> budget;
  const bool weights_in_budget, half_cache, screened, narrowed;
};

}  // namespace ggma

#endif
