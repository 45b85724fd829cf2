// One thread that runs an engine's jobs in order, off the event loop.
#ifndef GGMA_CORE_DRIVER_H
#define GGMA_CORE_DRIVER_H

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/cancel.h"

namespace ggma {

class Job {
 public:
  virtual ~Job() = default;
  // On the driver's thread. May throw Failure and std::bad_alloc.
  virtual void run(const std::atomic<bool>& disposed) = 0;

  std::optional<Failure> failure;  // set after run, or DISPOSED without it
};

class Driver {
 public:
  // notify: called on the driver's thread after each job and at its end, when take_finished() has something.
  explicit Driver(std::function<void()> notify);
  // Stops and waits.
  ~Driver();
  Driver(const Driver&) = delete;

  // Jobs come back through take_finished(), each exactly once; after stop() with DISPOSED.
  void submit(std::unique_ptr<Job> job);
  std::vector<std::unique_ptr<Job>> take_finished();

  // Ends the running job between two steps and the waiting ones unstarted. Returns at once.
  void stop();
  // No job runs any more and none will.
  bool stopped() const { return stopped_.load(); }
  // Waits for the thread. After stop() only.
  void join();

 private:
  void loop();
  std::unique_ptr<Job> next();
  void finish(std::unique_ptr<Job> job);

  std::function<void()> notify_;
  std::atomic<bool> disposed_{false}, stopped_{false};
  std::atomic<size_t> waiting_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  std::vector<std::unique_ptr<Job>> finished_;
  std::thread thread_;
};

}  // namespace ggma

#endif
