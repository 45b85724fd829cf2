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
