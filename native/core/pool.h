// The threads of one engine. A job splits the units of a kernel, never a reduction, so how many threads run
// and which takes what changes no bit.
#ifndef GGMA_CORE_POOL_H
#define GGMA_CORE_POOL_H

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "kernels/kernels.h"

namespace ggma {

// Whether to share work at all. A worker whose core another program keeps busy stands still for milliseconds
// with a chunk in its hands, and everybody waits: where that happens again and again, the caller works alone
// for a while, and tries again. Who works changes no bit.
class Sharing {
 public:
  using Clock = std::chrono::steady_clock;

  // false: the caller should work alone now.
  bool allowed() { return !alone_ || allowed_at(Clock::now()); }
  bool allowed_at(Clock::time_point now);
  // After a run that ended `now`: how long the caller worked itself, on how many chunks, and then waited.
  void judge(Clock::duration worked, size_t chunks, Clock::duration waited, Clock::time_point now);

 private:
  bool alone_ = false;
  Clock::duration lost_{};     // by waiting for late workers, of late
  Clock::time_point last_{};   // when lost_ was right
  Clock::duration pause_{};    // doubles while workers come late again and again
  Clock::time_point until_{};  // alone until then
};

class ThreadPool {
 public:
  // threads ≥ 1, the calling thread included.
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;

  size_t threads() const { return workers_.size() + 1; }

  // kernel over [0, count); returns when all is done. unit_work: about how many fused multiply-adds a unit
  // takes. One caller at a time.
  template <class Args>
  void split(Kernel<Args> kernel, const Args& args, size_t count, size_t unit_work) {
    const size_t chunks = plan(count, unit_work);
    if (chunks <= 1) {
      if (count > 0) kernel(&args, 0, count);
      return;
    }
    struct Call {
      Kernel<Args> kernel;
      const Args* args;
      size_t count, chunks;
    } call{kernel, &args, count, chunks};
    run(
        [](const void* context, size_t chunk) {
          const Call& c = *static_cast<const Call*>(context);
          c.kernel(c.args, c.count * chunk / c.chunks, c.count * (chunk + 1) / c.chunks);
        },
        &call, chunks);
  }

 private:
  using Work = void (*)(const void* context, size_t chunk);

  size_t plan(size_t count, size_t unit_work);
  void run(Work work, const void* context, size_t chunks);
  bool take(uint64_t* ticket);
  void loop();

  // One word, so that a chunk is taken and recognised at once: run number (32 bits) · chunks (16) · next
  // (16). A late worker finds no chunk left; one that got a chunk keeps its run from ending, so work_ holds
  // still.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<size_t> done_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  Work work_ = nullptr;
  const void* context_ = nullptr;
  Sharing sharing_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

// How a thread waits for something that is due any moment: first with pauses, then giving its core away each
// time. The event loop shares the cores: a thread that only spins takes them from it.
class Spin {
 public:
  // false when it has waited long enough to sleep
  bool once();

 private:
  int rounds_ = 0;
};

}  // namespace ggma

#endif
