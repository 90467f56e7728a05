#include "doors/node/environment.h"

#include <utility>

#include "core/config/config.h"
#include "doors/node/call.h"

namespace tasker::node {

using base::Lock;
using base::Result;

namespace {

std::shared_ptr<base::Logger> logger_from_environment() {
  const auto config = config::load_config({}, config::system_environment());
  return config ? base::make_stderr_logger(config->log_level, config->log_json)
                : base::make_stderr_logger(base::LogLevel::kInfo, false);
}

}  // namespace

Environment::Environment(napi_env env) : env_(env), logger_(logger_from_environment()) {}

std::shared_ptr<Environment> Environment::create(napi_env env) {
  std::shared_ptr<Environment> environment(new Environment(env));
  const napi_value name = make_string(env, "tasker");
  napi_threadsafe_function wakeup = nullptr;
  if (!name || napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                               environment.get(), run_jobs, &wakeup) != napi_ok)
    return nullptr;
  // Not holding the loop until somebody waits for something.
  if (napi_unref_threadsafe_function(env, wakeup) != napi_ok) return nullptr;
  {
    Lock lock(environment->mutex_);
    environment->wakeup_ = wakeup;
  }
  auto* kept = new std::shared_ptr<Environment>(environment);
  if (napi_add_env_cleanup_hook(env, clean_up, kept) != napi_ok) {
    delete kept;
    return nullptr;
  }
  return environment;
}

Environment::~Environment() = default;

void Environment::clean_up(void* data) {
  auto* kept = static_cast<std::shared_ptr<Environment>*>(data);
  (*kept)->end();
  delete kept;
}

void Environment::end() {
  std::deque<Job> dropped;
  {
    Lock lock(mutex_);
    wakeup_ = nullptr;
    dropped.swap(jobs_);
  }
  for (const auto& attachment : attachments_) attachment->detach();
  attachments_.clear();
  for (const auto& port : ports_) {
    port->set_wakeup({});
    port->close();
  }
  ports_.clear();
  for (const auto& worker : workers_) {
    worker->set_wakeup({});
    if (auto stopped = worker->stop(); !stopped)
      logger_->log(base::LogLevel::kWarn, "node", "a worker did not stop cleanly",
                   {{"error", std::string_view(stopped.error().message)}});
  }
  for (Apart& apart : apart_) apart.thread.join();
  workers_.clear();
}

void Environment::post(Job job) {
  Lock lock(mutex_);
  if (!wakeup_) return;
  jobs_.push_back(std::move(job));
  if (std::exchange(woken_, true)) return;
  // Under the lock: end() must not let go of the function in between. It does not block.
  if (napi_call_threadsafe_function(wakeup_, nullptr, napi_tsfn_nonblocking) == napi_closing)
    wakeup_ = nullptr;
}

void Environment::run_jobs(napi_env env, napi_value, void* context, void*) {
  if (env) static_cast<Environment*>(context)->run_jobs_now();
}

void Environment::run_jobs_now() {
  const std::shared_ptr<Environment> alive = shared_from_this();
  std::deque<Job> jobs;
  {
    Lock lock(mutex_);
    jobs.swap(jobs_);
    woken_ = false;
  }
  for (const Job& job : jobs) {
    napi_handle_scope scope = nullptr;
    if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
    job(env_);
    bool pending = false;
    napi_value exception = nullptr;
    // A callback that throws ends as an uncaught exception, as in any other event; the other jobs
    // still run.
    if (napi_is_exception_pending(env_, &pending) == napi_ok && pending &&
        napi_get_and_clear_last_exception(env_, &exception) == napi_ok)
      (void)napi_fatal_exception(env_, exception);
    (void)napi_close_handle_scope(env_, scope);
  }
}

void Environment::hold() {
  if (holds_++ > 0) return;
  Lock lock(mutex_);
  if (wakeup_) (void)napi_ref_threadsafe_function(env_, wakeup_);
}

void Environment::let_go() {
  if (--holds_ > 0) return;
  Lock lock(mutex_);
  if (wakeup_) (void)napi_unref_threadsafe_function(env_, wakeup_);
}

Environment::Promise Environment::make_promise() {
  Promise made;
  napi_deferred deferred = nullptr;
  if (napi_create_promise(env_, &deferred, &made.promise) != napi_ok) return made;
  hold();
  made.settle = [weak = weak_from_this(), deferred](Result<Settle> result) {
    const auto environment = weak.lock();
    if (!environment) return;
    environment->post([weak, deferred, result = std::move(result)](napi_env env) {
      if (const auto self = weak.lock()) self->let_go();
      if (!result) {
        if (const napi_value error = make_error(env, result.error()))
          (void)napi_reject_deferred(env, deferred, error);
        return;
      }
      if (const napi_value value = (*result)(env))
        (void)napi_resolve_deferred(env, deferred, value);
    });
  };
  return made;
}

napi_value Environment::run_apart(std::function<Result<Settle>()> work) {
  Promise made = make_promise();
  if (!made.promise) return nullptr;
  // Threads that are through are joined here: a process may open and close workers for as long as
  // it lives.
  std::erase_if(apart_, [](Apart& apart) {
    if (!*apart.done) return false;
    apart.thread.join();
    return true;
  });
  auto done = std::make_shared<std::atomic<bool>>(false);
  apart_.push_back({std::thread([work = std::move(work), settle = std::move(made.settle), done] {
                      settle(work());
                      *done = true;
                    }),
                    done});
  return made.promise;
}

}  // namespace tasker::node
