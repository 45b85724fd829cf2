// The thread pool and the driver.
#include <chrono>

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

// A caller that works 1 ms on 4 chunks and then waits `waited`, every `every`: how often it shared in a
// second.
struct Shares {
  Sharing sharing;
  Sharing::Clock::time_point now{std::chrono::hours(1)};
  int count(std::chrono::microseconds waited, std::chrono::microseconds every) {
    int shared = 0;
    for (const auto end = now + std::chrono::seconds(1); now < end; now += every) {
      if (!sharing.allowed_at(now)) continue;
      shared++;
      sharing.judge(std::chrono::milliseconds(1), 4, waited, now);
    }
    return shared;
  }
};

GGMA_TEST(work_is_shared_unless_workers_are_late_again_and_again) {
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

// Who ran units, and how long a thread that is not the caller stands still with its chunk.
struct LateArgs {
  std::thread::id caller;
  std::atomic<uint32_t>* hits;
  std::atomic<uint32_t>* others;
  std::chrono::milliseconds pause;
};

GGMA_TEST(pool_works_alone_while_its_workers_come_late) {
  using Clock = std::chrono::steady_clock;
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
  // A machine that is busy itself makes pauses longer: only what came soon enough is judged.
  for (int attempt = 0; attempt < 100 && alone < 3; attempt++) {
    const uint32_t before = others.load();
    pool.split(kernel, late, kUnits, kWork);
    runs++;
    if (others.load() == before) {  // the caller was faster, or still works alone
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    const Clock::time_point was_late = Clock::now();
    const uint32_t then = others.load();
    pool.split(kernel, prompt, kUnits, kWork);
    runs++;
    if (Clock::now() - was_late > std::chrono::milliseconds(40)) continue;
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
