// The thread pool and the driver.
#include <algorithm>
#include <chrono>
#include <functional>

#include "core/driver.h"
#include "core/pool.h"
#include "native/harness.h"

namespace ggma::test {
namespace {

struct CountArgs {
  std::atomic<uint32_t>* hits;
};

GGMA_TEST(pool_runs_every_unit_once) {
  for (const size_t threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    std::vector<std::atomic<uint32_t>> hits(200);
    const CountArgs args{hits.data()};
    const Kernel<CountArgs> kernel = [](const CountArgs* a, size_t begin, size_t end) {
      for (size_t i = begin; i < end; i++) a->hits[i].fetch_add(1, std::memory_order_relaxed);
    };
    Random random(threads);
    uint32_t rounds = 0;
    for (; rounds < 3000; rounds++) {
      const bool busy = rounds % 500 == 499;
      if (busy)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));  // long enough for workers to sleep
      pool.split(kernel, args, hits.size(), size_t{1} << (busy ? 24 : 10 + random.below(10)));
      if (rounds % 100 == 0) pool.split(kernel, args, 0, 1);
    }
    bool good = true;
    for (const auto& hit : hits) good = good && hit.load() == rounds;
    CHECK(good);
  }
}

// A caller that works 1 ms on 4 chunks and then waits `waited` for its worker, every `every`: how often it
// shared work with it in a second.
struct Shares {
  Lateness worker;
  Lateness::Clock::time_point now{std::chrono::hours(1)};
  int count(std::chrono::microseconds waited, std::chrono::microseconds every) {
    int shared = 0;
    for (const auto end = now + std::chrono::seconds(1); now < end; now += every) {
      if (worker.rests_at(now)) continue;
      shared++;
      if (waited >= Lateness::threshold(std::chrono::milliseconds(1), 4)) worker.late(waited, now);
    }
    return shared;
  }
};

GGMA_TEST(a_worker_rests_when_it_is_late_again_and_again) {
  using std::chrono::microseconds;
  // Waits as long as a chunk takes, and short ones, are none.
  CHECK(Shares{}.count(microseconds(900), microseconds(2000)) == 500);
  CHECK(Shares{}.count(microseconds(200), microseconds(1300)) == 770);
  // Late once in a while: a garbage collection, another program's tick.
  CHECK(Shares{}.count(microseconds(3500), microseconds(20000)) == 50);
  // A core that another program has: pauses become longer and longer.
  const int busy = Shares{}.count(microseconds(3000), microseconds(5000));
  CHECK(busy >= 4 && busy <= 20);
  Shares later;
  later.count(microseconds(3000), microseconds(5000));
  later.now += std::chrono::seconds(2);
  CHECK(later.count(microseconds(0), microseconds(2000)) == 500);
}

// A pool of one caller and `threads` − 1 workers, each on a core of its own, in simulated time (nanoseconds).
// The first `busy` workers get their core for 4 ms and lose it to another program for the next 4 ms. Runs are
// cut and judged as ThreadPool does it.
struct Machine {
  size_t threads, busy;
  std::vector<Lateness> workers{threads - 1};
  int64_t now = 0;

  // When a worker is done that begins at `at` and works so long.
  int64_t end_of(size_t worker, int64_t at, int64_t work) const {
    constexpr int64_t kSlice = 4'000'000;
    if (worker >= busy) return at + work;
    for (;;) {
      const int64_t phase = at % (2 * kSlice);
      if (phase >= kSlice) {
        at += 2 * kSlice - phase;  // it has no core
      } else if (work <= kSlice - phase) {
        return at + work;
      } else {
        work -= kSlice - phase;
        at += kSlice - phase;
      }
    }
  }

  void run(int64_t work) {
    using Time = Lateness::Clock::time_point;
    const auto time = [](int64_t at) { return Time(std::chrono::hours(1)) + std::chrono::nanoseconds(at); };
    std::vector<std::pair<int64_t, size_t>> free{
        {now, workers.size()}};  // at what time, who; the last is the caller
    for (size_t i = 0; i < workers.size(); i++)
      if (!workers[i].rests_at(time(now))) free.emplace_back(end_of(i, now, 0), i);
    const size_t chunks = 4 * free.size();
    std::make_heap(free.begin(), free.end(), std::greater<>());
    size_t own = 0;
    for (size_t chunk = 0; chunk < chunks; chunk++) {
      std::pop_heap(free.begin(), free.end(), std::greater<>());
      own += free.back().second == workers.size() ? 1 : 0;
      free.back().first = end_of(free.back().second, free.back().first, work / static_cast<int64_t>(chunks));
      std::push_heap(free.begin(), free.end(), std::greater<>());
    }
    const auto caller =
        std::find_if(free.begin(), free.end(), [&](auto& one) { return one.second == workers.size(); });
    const int64_t from = caller->first, end = std::max_element(free.begin(), free.end())->first;
    const auto threshold = Lateness::threshold(std::chrono::nanoseconds(from - now), own);
    for (const auto& [at, worker] : free)
      if (worker < workers.size() && std::chrono::nanoseconds(at - from) >= threshold)
        workers[worker].late(std::chrono::nanoseconds(end - from), time(end));
    now = end;
  }

  // How many times as fast as one thread, over two seconds.
  double speed() {
    const int64_t work = 125'000 * static_cast<int64_t>(threads);
    int64_t done = 0;
    while (now < 2'000'000'000) {
      run(work);
      done += work;
    }
    return static_cast<double>(done) / static_cast<double>(now);
  }
};

GGMA_TEST(a_busy_core_costs_its_own_worker_alone) {
  for (const size_t threads : {2, 4, 16, 64}) {
    const double all = static_cast<double>(threads), quiet = Machine{threads, 0}.speed();
    CHECK_FOR(quiet > 0.99 * all, std::to_string(quiet));
    for (const size_t busy : {1, 3}) {
      if (busy >= threads) continue;
      const double speed = Machine{threads, busy}.speed();
      CHECK_FOR(
          speed > 0.85 * (all - static_cast<double>(busy)),
          std::to_string(threads) + " threads, " + std::to_string(busy) + " busy: " + std::to_string(speed));
    }
  }
}

// Who ran units, and how long a thread that is not the caller stands still with its chunk.
struct LateArgs {
  std::thread::id caller;
  std::atomic<uint32_t>* hits;
  std::atomic<uint32_t>* others;
  std::chrono::milliseconds pause;
};

GGMA_TEST(pool_works_alone_while_its_workers_come_late) {
  const Kernel<LateArgs> kernel = [](const LateArgs* a, size_t begin, size_t end) {
    if (std::this_thread::get_id() != a->caller) {
      a->others->fetch_add(1);
      std::this_thread::sleep_for(a->pause);
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(200));  // so that a worker gets a chunk too
    }
    for (size_t i = begin; i < end; i++) a->hits[i].fetch_add(1, std::memory_order_relaxed);
  };
  constexpr size_t kUnits = 64, kWork = size_t{1} << 24;
  ThreadPool pool(2);
  std::vector<std::atomic<uint32_t>> hits(kUnits);
  std::atomic<uint32_t> others{0};
  LateArgs late{std::this_thread::get_id(), hits.data(), &others, std::chrono::milliseconds(8)};
  LateArgs prompt = late;
  prompt.pause = std::chrono::milliseconds(0);
  uint32_t runs = 0, alone = 0;
  // On a machine that is busy itself the caller may be late, too, or the pause over before the next run: what
  // is judged is a run that the worker rested through.
  for (int attempt = 0; attempt < 1000 && alone < 3; attempt++) {
    pool.split(kernel, late, kUnits, kWork);
    runs++;
    if (pool.resting() == 0) continue;
    const uint32_t then = others.load();
    pool.split(kernel, prompt, kUnits, kWork);
    runs++;
    if (pool.resting() == 0) continue;
    CHECK(others.load() == then);
    alone++;
  }
  CHECK(alone > 0);
  // And shares again when they are there.
  const uint32_t before = others.load();
  for (int i = 0; i < 400 && others.load() == before; i++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    pool.split(kernel, prompt, kUnits, kWork);
    runs++;
  }
  CHECK(others.load() > before);
  bool good = true;
  for (const auto& hit : hits) good = good && hit.load() == runs;
  CHECK(good);
}

// Of three workers the one that comes late is left out, and the others go on.
struct OneLateArgs {
  std::thread::id caller;
  std::atomic<std::thread::id>* late;
  std::mutex* mutex;
  std::vector<std::thread::id>* seen;
  bool sleeps;
};

GGMA_TEST(pool_leaves_out_the_late_worker_alone) {
  const Kernel<OneLateArgs> kernel = [](const OneLateArgs* a, size_t, size_t) {
    const std::thread::id self = std::this_thread::get_id();
    {
      const std::lock_guard<std::mutex> lock(*a->mutex);
      a->seen->push_back(self);
      if (self != a->caller && a->late->load() == std::thread::id()) a->late->store(self);
    }
    const bool late = a->sleeps && self == a->late->load();
    std::this_thread::sleep_for(std::chrono::microseconds(late ? 60000 : 300));
  };
  std::atomic<std::thread::id> late{};
  std::mutex mutex;
  std::vector<std::thread::id> seen;
  size_t shared = 0;
  ThreadPool pool(4);
  OneLateArgs args{std::this_thread::get_id(), &late, &mutex, &seen, true};
  // A busy machine may make others late, too, or end the rest too soon: until it was seen as it should be.
  for (int attempt = 0; attempt < 1000 && shared < 3; attempt++) {
    args.sleeps = true;
    pool.split(kernel, args, 64, size_t{1} << 24);
    if (pool.resting() != 1) continue;
    args.sleeps = false;
    seen.clear();
    pool.split(kernel, args, 64, size_t{1} << 24);
    if (pool.resting() != 1) continue;
    CHECK(std::find(seen.begin(), seen.end(), late.load()) == seen.end());
    std::sort(seen.begin(), seen.end());
    const auto threads = std::unique(seen.begin(), seen.end()) - seen.begin();
    shared += threads >= 2 ? 1 : 0;
  }
  CHECK(shared == 3);
}

class Work : public Job {
 public:
  Work(std::vector<int>* log, int number, bool endless) : log_(log), number_(number), endless_(endless) {}
  void run(const std::atomic<bool>& disposed) override {
    log_->push_back(number_);
    if (number_ == 3) throw Failure("THREE", "three");
    while (endless_) {
      Cancel{&disposed, nullptr}.check();
      std::this_thread::yield();
    }
  }

 private:
  std::vector<int>* log_;
  int number_;
  bool endless_;
};

GGMA_TEST(driver_runs_in_order_and_stops_in_the_middle) {
  for (int round = 0; round < 50; round++) {
    std::vector<int> log;
    std::atomic<int> notified{0};
    Driver driver([&] { notified.fetch_add(1); });
    for (int i = 0; i < 6; i++) driver.submit(std::make_unique<Work>(&log, i, false));
    driver.submit(std::make_unique<Work>(&log, 6, true));
    driver.submit(std::make_unique<Work>(&log, 7, false));
    while (notified.load() < 6) std::this_thread::yield();
    driver.stop();
    driver.join();
    CHECK(driver.stopped());
    const auto finished = driver.take_finished();
    CHECK(finished.size() == 8 && notified.load() == 9);
    CHECK(log.size() >= 6 && log[0] == 0 && log[5] == 5);
    for (size_t i = 0; i < finished.size(); i++) {
      const std::string code = finished[i]->failure ? finished[i]->failure->code : "";
      CHECK_FOR(code == (i == 3 ? "THREE" : i < 6 ? "" : "DISPOSED"), std::to_string(i) + " " + code);
    }
  }
}

}  // namespace
}  // namespace ggma::test
