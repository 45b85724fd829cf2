#include "core/pool.h"

#include <algorithm>

#include "core/float_environment.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace ggma {
namespace {

// Below this a hand-over (about a microsecond) costs more than it saves …
constexpr size_t kSplitWork = 96 * 1024;
// … and below this so does waking a thread that sleeps (about ten).
constexpr size_t kWakeWork = 768 * 1024;
constexpr size_t kChunkWork = 24 * 1024;
constexpr size_t kChunksPerThread = 4;
constexpr size_t kMaxChunks = 0x7fff;

constexpr int kPauses = 64;
constexpr int kYields = 200;

void pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

constexpr uint64_t chunks_of(uint64_t ticket) { return ticket >> 16 & 0xffff; }
constexpr uint64_t next_of(uint64_t ticket) { return ticket & 0xffff; }

}  // namespace

bool Spin::once() {
  if (rounds_ < kPauses) {
    for (int i = 0; i < 8; i++) pause();
  } else {
    std::this_thread::yield();
  }
  return ++rounds_ < kPauses + kYields;
}

ThreadPool::ThreadPool(size_t threads) {
  try {
    for (size_t i = 1; i < threads; i++) {
      auto worker = std::make_unique<Worker>();
      worker->thread = std::thread([this, &self = *worker] { loop(self); });
      workers_.push_back(std::move(worker));
    }
  } catch (const std::system_error&) {
    // The system gives no more threads: fewer do the same work.
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_.store(true);
  }
  wake_.notify_all();
  for (const auto& worker : workers_) worker->thread.join();
}

size_t ThreadPool::plan(size_t count, size_t unit_work) {
  const size_t work = count * unit_work;
  if (workers_.empty() || count < 2 || work < kSplitWork) return 1;
  if (resting_ > 0) end_rests();
  const size_t active = workers_.size() - resting_;
  if (active == 0) return 1;
  if (work < kWakeWork && sleepers_.load(std::memory_order_relaxed) >= active) return 1;
  const size_t chunks =
      std::min({count, (active + 1) * kChunksPerThread, std::max<size_t>(2, work / kChunkWork)});
  return std::min(chunks, kMaxChunks);
}

// Workers whose pause is over are called back.
void ThreadPool::end_rests() {
  const Lateness::Clock::time_point now = Lateness::Clock::now();
  for (const auto& worker : workers_) {
    if (!worker->lateness.rests() || worker->lateness.rests_at(now)) continue;
    resting_--;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      worker->rests.store(false);
    }
    wake_.notify_all();
  }
}

void ThreadPool::run(Work work, const void* context, size_t chunks) {
  work_ = work;
  context_ = context;
  done_.store(0, std::memory_order_relaxed);
  const uint64_t run = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
  ticket_.store(run << 32 | chunks << 16);  // seq_cst: ordered with sleepers_, see loop()
  if (sleepers_.load() > 0) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
    }
    wake_.notify_all();
  }
  const Lateness::Clock::time_point began = Lateness::Clock::now();
  uint64_t ticket;
  size_t own = 0;
  for (; take(&ticket); own++) {
    work(context, next_of(ticket));
    done_.fetch_add(1, std::memory_order_release);
  }
  if (done_.load(std::memory_order_acquire) < chunks)
    wait_for_workers(chunks, Lateness::Clock::now() - began, own);
}

// `own`: chunks that the caller has done itself, in the time `worked`.
void ThreadPool::wait_for_workers(size_t chunks, Lateness::Clock::duration worked, size_t own) {
  const Lateness::Clock::time_point from = Lateness::Clock::now();
  // Without a chunk of its own the caller cannot tell how long one takes.
  bool looks = own > 0, found = false;
  const Lateness::Clock::duration threshold = looks ? Lateness::threshold(worked, own) : worked;
  // The last chunk may be with a worker that lost its core. Yielding gives it this one.
  Spin spin;
  while (done_.load(std::memory_order_acquire) < chunks) {
    spin.once();
    if (!looks || Lateness::Clock::now() - from < threshold) continue;
    looks = false;
    found = true;
    for (const auto& worker : workers_) worker->is_late = worker->busy.load(std::memory_order_relaxed);
  }
  if (!found) return;
  const Lateness::Clock::time_point now = Lateness::Clock::now();
  for (const auto& worker : workers_) {
    if (!worker->is_late || worker->lateness.rests()) continue;
    worker->lateness.late(now - from, now);
    if (!worker->lateness.rests()) continue;
    worker->rests.store(true);
    resting_++;
  }
}

bool ThreadPool::take(uint64_t* ticket) {
  const uint64_t seen = ticket_.load(std::memory_order_relaxed);
  if (next_of(seen) >= chunks_of(seen)) return false;
  *ticket = ticket_.fetch_add(1, std::memory_order_acquire);
  return next_of(*ticket) < chunks_of(*ticket);
}

void ThreadPool::loop(Worker& self) {
  const FloatEnvironment environment;
  while (!stop_.load(std::memory_order_relaxed)) {
    const auto idle = [&] {
      const uint64_t seen = ticket_.load();
      return (self.rests.load() || next_of(seen) >= chunks_of(seen)) &&
             !stop_.load(std::memory_order_relaxed);
    };
    uint64_t ticket;
    if (!idle()) {
      self.busy.store(true);
      if (take(&ticket)) {
        work_(context_, next_of(ticket));
        done_.fetch_add(1, std::memory_order_release);
      }
      self.busy.store(false, std::memory_order_relaxed);
      continue;
    }
    Spin spin;
    while (idle() && spin.once()) {
    }
    if (!idle()) continue;
    // The worker counts itself before it looks at the ticket again, and run() stores the ticket before it
    // looks at the count. So one of them sees the other. A resting worker is not counted, so that run() does
    // not wake it each time.
    std::unique_lock<std::mutex> lock(mutex_);
    const bool rests = self.rests.load();
    if (!rests) sleepers_.fetch_add(1);
    wake_.wait(lock, [&] { return !idle() || self.rests.load() != rests; });
    if (!rests) sleepers_.fetch_sub(1);
  }
}

}  // namespace ggma
