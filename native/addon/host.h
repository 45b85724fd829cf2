// An engine in a JavaScript environment: it owns the driver thread and brings finished jobs back to the event
// loop.
//
// Lifetimes: JavaScript's Engine and Program objects and every job under way keep the host alive. The
// environment's cleanup hook stops the driver before anything that the driver uses is freed. So no thread
// runs on freed memory, even if a worker is terminated or process.exit is called in the middle of a job.
#ifndef GGMA_ADDON_HOST_H
#define GGMA_ADDON_HOST_H

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "core/driver.h"
#include "core/engine.h"
#include "core/model.h"

namespace ggma {

class Host;

// A loaded model as its Program object holds it. The model is freed when the engine closes.
struct ProgramState {
  std::shared_ptr<Host> host;
  std::shared_ptr<Model> model;
};

// A job with a promise. It is made, settled and destroyed on the event loop, and run on the driver.
class PromiseJob : public Job {
 public:
  explicit PromiseJob(std::shared_ptr<Host> host) : host(std::move(host)) {}

  // Keeps a value alive, and with it the memory that the job reads or writes.
  void keep(const Napi::Value& value) { kept_.push_back(Napi::Persistent(value.As<Napi::Object>())); }
  // Element 0 of options.cancel, an Int32Array that is kept; null where there is none. Throws OPTION.
  const int32_t* cancel_flag(const Napi::Value& options);
  // What the promise resolves to. May throw Failure.
  virtual Napi::Value result(Napi::Env env) = 0;

  // The job's promise. Host::submit makes it, so that a constructor that throws leaves no promise behind: V8
  // never collects a promise of the addon's that is not settled.
  std::optional<Napi::Promise::Deferred> deferred;
  std::shared_ptr<Host> host;

 private:
  std::vector<Napi::ObjectReference> kept_;
};

class Host : public std::enable_shared_from_this<Host> {
 public:
  // Throws Failure NATIVE_ISA, NATIVE_THREAD.
  static std::shared_ptr<Host> create(Napi::Env env, const EngineOptions& options);
  explicit Host(Napi::Env env, const EngineOptions& options);
  ~Host();

  Engine& engine() { return engine_; }
  Napi::Promise submit(std::unique_ptr<PromiseJob> job);
  // Resolves when the driver has ended and the models are gone.
  Napi::Promise close();
  // Throws DISPOSED after close().
  void expect_open() const;
  // Lets go of the program's model when the engine closes.
  void add(const std::shared_ptr<ProgramState>& state);

 private:
  static void on_cleanup(void* self);
  static void on_notify(napi_env env, napi_value callback, void* context, void* data);

  void drain();
  void settle(PromiseJob& job);
  void hold();
  void let_go();
  void finish_close();

  Napi::Env env_;
  Engine engine_;
  napi_threadsafe_function notify_ = nullptr;
  std::unique_ptr<Driver> driver_;
  size_t pending_ = 0;  // jobs and closes that keep the event loop alive
  bool closing_ = false, closed_ = false, torn_down_ = false;
  std::vector<Napi::Promise::Deferred> closes_;
  std::shared_ptr<Host>
      self_;  // set while it closes, because the engine's object may be collected before the driver ends
  std::vector<std::weak_ptr<ProgramState>> programs_;
};

}  // namespace ggma

#endif
