#include "core/pool.h"

#include <algorithm>

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

// A wait this long, and four times as long as a chunk takes, is no difference between threads: a scheduler
// has given the core to another program, for a millisecond or more.
constexpr Sharing::Clock::duration kLate = std::chrono::microseconds(300);
// The event loop takes a core, too, now and then, and a share of a second core is worth a few waits. More
// than this, forgotten at a quarter of the time that passes, means that workers are there less than half the
// time.
constexpr Sharing::Clock::duration kMostLost = std::chrono::milliseconds(6);
constexpr int kForgotten = 4;
// Long enough that the waits that find out cost little, short enough that a free core is soon used again.
constexpr Sharing::Clock::duration kFirstPause = std::chrono::milliseconds(50);
constexpr Sharing::Clock::duration kLongestPause = std::chrono::milliseconds(800);

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

void Sharing::judge(Clock::duration worked, size_t chunks, Clock::duration waited, Clock::time_point now) {
  if (waited < kLate || chunks == 0 || waited < 4 * worked / static_cast<int64_t>(chunks)) return;
  lost_ = std::max(lost_ - (now - last_) / kForgotten, Clock::duration::zero()) + waited;
  last_ = now;
  // Soon after the last time: the core is still busy.
  const bool again = pause_ > Clock::duration::zero() && now < until_ + 4 * pause_;
  if (!again && lost_ < kMostLost) return;
  lost_ = Clock::duration::zero();
  pause_ = again ? std::min(2 * pause_, kLongestPause) : kFirstPause;
  until_ = now + pause_;
  alone_ = true;
}

bool Sharing::allowed_at(Clock::time_point now) {
  if (alone_ && now >= until_) alone_ = false;
  return !alone_;
}

ThreadPool::ThreadPool(size_t threads) {
  try {
    for (size_t i = 1; i < threads; i++) workers_.emplace_back([this] { loop(); });
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
  for (std::thread& worker : workers_) worker.join();
}

size_t ThreadPool::plan(size_t count, size_t unit_work) {
  const size_t work = count * unit_work;
  if (workers_.empty() || count < 2 || work < kSplitWork || !sharing_.allowed()) return 1;
  if (work < kWakeWork && sleepers_.load(std::memory_order_relaxed) == static_cast<int>(workers_.size()))
    return 1;
  const size_t chunks =
      std::min({count, threads() * kChunksPerThread, std::max<size_t>(2, work / kChunkWork)});
  return std::min(chunks, kMaxChunks);
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
  const Sharing::Clock::time_point began = Sharing::Clock::now();
  uint64_t ticket;
  size_t own = 0;
  for (; take(&ticket); own++) {
    work(context, next_of(ticket));
    done_.fetch_add(1, std::memory_order_release);
  }
  const auto all_done = [&] { return done_.load(std::memory_order_acquire) >= chunks; };
  if (all_done()) return;
  const Sharing::Clock::time_point waits = Sharing::Clock::now();
  // A worker that lost its core holds the last chunk: give it ours.
  Spin spin;
  while (!all_done()) spin.once();
  const Sharing::Clock::time_point now = Sharing::Clock::now();
  sharing_.judge(waits - began, own, now - waits, now);
}

bool ThreadPool::take(uint64_t* ticket) {
  const uint64_t seen = ticket_.load(std::memory_order_relaxed);
  if (next_of(seen) >= chunks_of(seen)) return false;
  *ticket = ticket_.fetch_add(1, std::memory_order_acquire);
  return next_of(*ticket) < chunks_of(*ticket);
}

void ThreadPool::loop() {
  while (!stop_.load(std::memory_order_relaxed)) {
    uint64_t ticket;
    if (take(&ticket)) {
      work_(context_, next_of(ticket));
      done_.fetch_add(1, std::memory_order_release);
      continue;
    }
    Spin spin;
    const auto idle = [this] {
      const uint64_t seen = ticket_.load();
      return next_of(seen) >= chunks_of(seen) && !stop_.load(std::memory_order_relaxed);
    };
    while (idle() && spin.once()) {
    }
    if (!idle()) continue;
    // Counted before looking again: run() stores the ticket before it looks at the count, so one of them sees
    // the other.
    std::unique_lock<std::mutex> lock(mutex_);
    sleepers_.fetch_add(1);
    wake_.wait(lock, [&] { return !idle(); });
    sleepers_.fetch_sub(1);
  }
}

}  // namespace ggma
