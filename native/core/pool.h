// The threads of one engine. A job splits the units of a kernel but never a reduction. So the number of
// threads, and which of them takes what, changes no bit.
#ifndef GGMA_CORE_POOL_H
#define GGMA_CORE_POOL_H

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/lateness.h"
#include "kernels/kernels.h"

namespace ggma {

class ThreadPool {
 public:
  // threads ≥ 1, the calling thread included.
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;

  size_t threads() const { return workers_.size() + 1; }
  // Number of workers that are left out at the moment because they came late.
  size_t resting() const { return resting_; }

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
  struct Worker {
    std::thread thread;
    Lateness lateness;                     // the caller's
    bool is_late = false;                  // in the current run; the caller's
    alignas(64) std::atomic<bool> busy{};  // holds a chunk, or is about to take one
    std::atomic<bool> rests{};             // must not take any
  };

  size_t plan(size_t count, size_t unit_work);
  void run(Work work, const void* context, size_t chunks);
  bool take(uint64_t* ticket);
  void loop(Worker& worker);
  void wait_for_workers(size_t chunks, Lateness::Clock::duration worked, size_t own);
  void end_rests();

  // One word, so that a chunk is taken and recognised at once: run number (32 bits) · chunks (16) · next
  // (16). A late worker finds no chunk left; one that got a chunk keeps its run from ending, so work_ holds
  // still.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<size_t> done_{0};
  alignas(64) std::atomic<size_t> sleepers_{0};  // of those that do not rest
  Work work_ = nullptr;
  const void* context_ = nullptr;
  size_t resting_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

// How a thread waits for something that should happen very soon. It spins with pauses at first and then
// yields its core each time, because the event loop needs the core too.
class Spin {
 public:
  // Returns false when it has waited so long that it should sleep.
  bool once();

 private:
  int rounds_ = 0;
};

}  // namespace ggma

#endif
