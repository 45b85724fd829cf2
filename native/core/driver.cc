#include "core/driver.h"

#include <new>

#include "core/float_environment.h"
#include "core/pool.h"

namespace ggma {
namespace {

void run_job(Job& job, const std::atomic<bool>& disposed) {
  try {
    Cancel{&disposed}.check();
    job.run(disposed);
  } catch (const Failure& failure) {
    job.failure = failure;
  } catch (const std::bad_alloc&) {
    job.failure = Failure("OUT_OF_MEMORY", "expected room for the job's bookkeeping, got none");
  }
}

}  // namespace

Driver::Driver(std::function<void()> notify) : notify_(std::move(notify)), thread_([this] { loop(); }) {}

Driver::~Driver() {
  stop();
  join();
}

void Driver::submit(std::unique_ptr<Job> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(job));
    waiting_.fetch_add(1);
  }
  wake_.notify_one();
}

std::vector<std::unique_ptr<Job>> Driver::take_finished() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::move(finished_);
}

void Driver::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    disposed_.store(true);
  }
  wake_.notify_one();
}

void Driver::join() {
  if (thread_.joinable()) thread_.join();
}

void Driver::finish(std::unique_ptr<Job> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    finished_.push_back(std::move(job));
  }
  notify_();
}

// null: stopped and nothing waits.
std::unique_ptr<Job> Driver::next() {
  // A caller that decodes token by token comes back within microseconds.
  Spin spin;
  while (waiting_.load(std::memory_order_relaxed) == 0 && !disposed_.load(std::memory_order_relaxed) &&
         spin.once()) {
  }
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [this] { return !queue_.empty() || disposed_.load(); });
  if (queue_.empty()) return nullptr;
  std::unique_ptr<Job> job = std::move(queue_.front());
  queue_.pop_front();
  waiting_.fetch_sub(1);
  return job;
}

void Driver::loop() {
  const FloatEnvironment environment;
  while (std::unique_ptr<Job> job = next()) {
    run_job(*job, disposed_);
    finish(std::move(job));
  }
  stopped_.store(true);
  notify_();
}

}  // namespace ggma
