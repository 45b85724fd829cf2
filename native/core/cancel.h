// Why a job should end early; asked between operations.
#ifndef GGMA_CORE_CANCEL_H
#define GGMA_CORE_CANCEL_H

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/failure.h"

namespace ggma {

// The flag is the caller's memory, which another thread may write at any time. null: nobody cancels.
inline bool is_set(const int32_t* flag) { return flag && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0; }

struct Cancel {
  const std::atomic<bool>* disposed = nullptr;  // the engine is closing
  const int32_t* flag = nullptr;
  // Flags of requests that share the work. It is cancelled when all of them are set.
  const std::vector<const int32_t*>* flags = nullptr;

  // Whether check() throws.
  bool ends() const {
    return (disposed && disposed->load(std::memory_order_relaxed)) || is_set(flag) || all_set();
  }
  // Throws DISPOSED or CANCELLED.
  void check() const {
    if (disposed && disposed->load(std::memory_order_relaxed))
      throw Failure("DISPOSED", "expected an open engine, got one that was closed");
    if (is_set(flag) || all_set()) throw Failure("CANCELLED", "the job was cancelled");
  }

 private:
  bool all_set() const {
    if (!flags || flags->empty()) return false;
    for (const int32_t* one : *flags)
      if (!is_set(one)) return false;
    return true;
  }
};

// Controls the loading of a model. Loading works in pieces of a few hundred kilobytes and may end between two
// of them.
struct Loading {
  Cancel cancel;
  std::atomic<uint64_t>* pieces = nullptr;  // null: nobody counts

  // Counts a piece that is about to be done. Returns false if the load is to end now.
  bool begin_piece() const {
    if (cancel.ends()) return false;
    if (pieces) pieces->fetch_add(1, std::memory_order_relaxed);
    return true;
  }
};

}  // namespace ggma

#endif
