#include "addon/host.h"

#include <algorithm>
#include <system_error>

#include "addon/arguments.h"
#include "addon/instance.h"

namespace ggma {

const int32_t* PromiseJob::cancel_flag(const Napi::Value& options) {
  const Napi::Value value = member(options, "cancel");
  if (!present(value)) return nullptr;
  const Napi::Int32Array flag = int32_array(value, "cancel");
  if (flag.ElementLength() == 0) bad_argument("cancel", "an Int32Array of at least one element");
  keep(flag);
  return flag.Data();
}

Host::Host(Napi::Env env, const EngineOptions& options) : env_(env), engine_(options) {}

std::shared_ptr<Host> Host::create(Napi::Env env, const EngineOptions& options) {
  auto host = std::make_shared<Host>(env, options);
  // The queue may still hold notifications when the host is gone, so they find it through a weak pointer.
  auto* self = new std::weak_ptr<Host>(host);
  const napi_status status = napi_create_threadsafe_function(
      env, nullptr, nullptr, Napi::String::New(env, "ggma"), 0, 1, self,
      [](napi_env, void* data, void*) { delete static_cast<std::weak_ptr<Host>*>(data); }, self, on_notify,
      &host->notify_);
  if (status != napi_ok) {
    delete self;
    throw Failure("NATIVE_THREAD", "expected a way back to the event loop, got none");
  }
  napi_unref_threadsafe_function(env, host->notify_);
  const napi_threadsafe_function notify = host->notify_;
  try {
    host->driver_ = std::make_unique<Driver>(
        [notify] { napi_call_threadsafe_function(notify, nullptr, napi_tsfn_nonblocking); });
  } catch (const std::system_error&) {
    throw Failure("NATIVE_THREAD", "expected a thread for the engine, got none");
  }
  // After the notifier, so that it runs before the notifier's own.
  napi_add_env_cleanup_hook(env, on_cleanup, host.get());
  return host;
}

Host::~Host() {
  if (torn_down_) return;
  if (driver_) {
    napi_remove_env_cleanup_hook(env_, on_cleanup, this);
    driver_.reset();
  }
  if (notify_) napi_release_threadsafe_function(notify_, napi_tsfn_release);
}

void Host::on_cleanup(void* data) {
  const std::shared_ptr<Host> self = static_cast<Host*>(data)->shared_from_this();
  self->driver_->stop();
  self->driver_->join();
  self->torn_down_ = true;
  self->closing_ = self->closed_ = true;
  self->driver_->take_finished().clear();
  self->self_.reset();
}

void Host::on_notify(napi_env env, napi_value, void* context, void*) {
  if (!env) return;  // the environment is being torn down, and on_cleanup has taken the finished jobs
  if (const std::shared_ptr<Host> host = static_cast<std::weak_ptr<Host>*>(context)->lock()) host->drain();
}

void Host::hold() {
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, notify_);
}

void Host::let_go() {
  if (--pending_ == 0) napi_unref_threadsafe_function(env_, notify_);
}

void Host::expect_open() const {
  if (closing_) throw Failure("DISPOSED", "expected an open engine, got one that was closed");
}

void Host::add(const std::shared_ptr<ProgramState>& state) {
  const auto collected = [](const std::weak_ptr<ProgramState>& program) { return program.expired(); };
  programs_.erase(std::remove_if(programs_.begin(), programs_.end(), collected), programs_.end());
  programs_.push_back(state);
}

Napi::Promise Host::submit(std::unique_ptr<PromiseJob> job) {
  const auto deferred = Napi::Promise::Deferred::New(env_);
  if (closing_) {
    deferred.Reject(
        error_value(env_, Failure("DISPOSED", "expected an open engine, got one that was closed")));
    return deferred.Promise();
  }
  job->deferred = deferred;
  hold();
  driver_->submit(std::move(job));
  return deferred.Promise();
}

void Host::settle(PromiseJob& job) {
  try {
    if (!job.failure) {
      job.deferred->Resolve(job.result(env_));
      return;
    }
  } catch (const Failure& failure) {
    job.failure = failure;
  }
  job.deferred->Reject(error_value(env_, *job.failure));
}

void Host::drain() {
  if (torn_down_) return;
  const bool stopped = driver_->stopped();  // read first: a stopped driver finishes no more jobs
  for (const std::unique_ptr<Job>& job : driver_->take_finished()) {
    const Napi::HandleScope scope(env_);
    settle(static_cast<PromiseJob&>(*job));
    let_go();
  }
  if (stopped && !closed_) finish_close();
}

Napi::Promise Host::close() {
  const auto deferred = Napi::Promise::Deferred::New(env_);
  if (closed_) {
    deferred.Resolve(env_.Undefined());
    return deferred.Promise();
  }
  closes_.push_back(deferred);
  if (!closing_) {
    closing_ = true;
    self_ = shared_from_this();
    hold();
    driver_->stop();
  }
  return deferred.Promise();
}

void Host::finish_close() {
  closed_ = true;
  driver_->join();
  for (const auto& program : programs_)
    if (const auto state = program.lock()) state->model.reset();
  for (const auto& deferred : closes_) deferred.Resolve(env_.Undefined());
  closes_.clear();
  let_go();
  self_.reset();  // the caller still holds the host
}

}  // namespace ggma
