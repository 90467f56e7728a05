#include "bench/native/native_worker.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "bench/native/output.h"
#include "core/engine/template_yaml.h"
#include "core/store/sqlite/sqlite_store.h"

namespace tasker::bench {
namespace {

constexpr std::size_t kPollEventsMax = 1024;
constexpr std::string_view kSeqMember = "\"seq\":";
constexpr std::int64_t kPatienceMs = 30'000;

template <class T>
T need(base::Result<T> result, std::string_view what) {
  if (!result) die(what, result.error().message);
  return std::move(*result);
}

void need(const base::Status& status, std::string_view what) {
  if (!status) die(what, status.error().message);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die("template", path + ": cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint64_t seq_of(const std::string& context_json) {
  const auto at = context_json.find(kSeqMember);
  std::uint64_t seq = 0;
  if (at != std::string::npos) {
    const char* begin = context_json.data() + at + kSeqMember.size();
    std::from_chars(begin, context_json.data() + context_json.size(), seq);
  }
  if (seq == 0) die("context", "a task without its number: " + context_json);
  return seq;
}

std::unique_ptr<store::Store> open_store(const NativeWorkerOptions& options,
                                         const std::shared_ptr<base::Logger>& logger) {
  auto opened = need(store::sqlite::open({.path = options.store_path}, logger), "open the store");
  if (options.claim_stamp == nullptr) return opened;
  return make_timing_store(std::move(opened), options.claim_stamp);
}

}  // namespace

NativeWorker::NativeWorker(const NativeWorkerOptions& options) {
  auto report = engine::read_template_yaml(read_file(options.template_path));
  if (!report.body) die("template", engine::template_error(report, options.template_path).message);
  template_name_ = report.body->name;
  steps_of_task_ = report.body->steps.size();

  config::Config config;
  config.store_path = options.store_path;
  config.worker_id = "bench";
  config.max_concurrent_handlers = options.concurrency;
  const auto logger = base::make_stderr_logger(base::LogLevel::kWarn, false);
  worker_ = need(worker::Worker::open(std::move(config), open_store(options, logger), logger,
                                      std::make_shared<base::SystemClock>()),
                 "open the worker");
  const std::vector<std::string> callables{"bench.noop"};
  need(worker_->register_handlers(callables), "register the handler");
  need(worker_->put_template(*report.body), "put the template");
  worker_->set_wakeup([this] { wake(); });
  need(worker_->start(), "start the worker");
}

NativeWorker::~NativeWorker() {
  worker_->set_wakeup({});
  need(worker_->drain(kPatienceMs), "drain the worker");
  need(worker_->stop(), "stop the worker");
}

worker::TaskRequest NativeWorker::request(std::uint64_t seq) const {
  worker::TaskRequest request;
  request.name = template_name_;
  request.namespace_name = "bench";
  request.context_json = fmt::format("{{\"seq\":{}}}", seq);
  return request;
}

void NativeWorker::create_tasks(std::uint64_t first, std::uint64_t count) {
  std::vector<worker::TaskRequest> requests;
  requests.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) requests.push_back(request(first + i));
  worker_->create_tasks(std::move(requests), [](const auto& results) {
    for (const auto& created : results) {
      if (!created) die("create a task", created.error().message);
    }
  });
}

void NativeWorker::create_awaited_task(std::uint64_t seq) {
  ended_ = false;
  worker_->create_tasks({request(seq)}, [this](auto results) {
    await_task(need(std::move(results.front()), "create a task").uuid);
  });
}

void NativeWorker::await_task(const base::Uuid& uuid) {
  worker_->wait_task(uuid, kPatienceMs, [this](base::Result<model::TaskState> end) {
    const auto state = need(std::move(end), "wait for a task");
    if (state != model::TaskState::kComplete) die("wait for a task", model::state_name(state));
    ended_ = true;
    wake();
  });
}

void NativeWorker::await_end() {
  while (!ended_) turn();
}

void NativeWorker::run_task(std::uint64_t seq) {
  create_awaited_task(seq);
  await_end();
}

void NativeWorker::await_last_handled() {
  ended_ = false;
  await_task(last_handled_);
  await_end();
}

void NativeWorker::handle(const worker::StepEvent& event) {
  checksum_ += seq_of(event.task->context_json);
  ++steps_;
  last_handled_ = event.task->uuid;
  need(worker_->complete_success(event.event_id, "{}"), "complete a step");
}

bool NativeWorker::run_ready() {
  events_.clear();
  worker_->poll_step_events(kPollEventsMax, events_);
  for (const auto& event : events_) handle(event);
  const auto notices = worker_->poll_notices(1);
  if (!notices.empty()) die("notice", "a step went wrong");
  return !events_.empty();
}

void NativeWorker::turn() {
  if (!run_ready()) sleep();
}

void NativeWorker::sleep() {
  std::unique_lock lock(mutex_);
  const auto patience = std::chrono::milliseconds(kPatienceMs);
  if (!woken_.wait_for(lock, patience, [this] { return signalled_; })) {
    die("wait", "nothing happened for 30 s");
  }
  signalled_ = false;
}

void NativeWorker::wake() {
  {
    const std::lock_guard lock(mutex_);
    signalled_ = true;
  }
  woken_.notify_one();
}

std::uint64_t NativeWorker::count_complete_tasks() {
  std::uint64_t total = 0;
  need(worker_->with_reader([&](store::Reader& reader) -> base::Status {
    store::TaskFilter filter;
    filter.state = model::TaskState::kComplete;
    filter.limit = 1;
    auto page = reader.list_tasks(filter);
    if (!page) return base::fail(std::move(page.error()));
    total = page->total;
    return {};
  }),
       "count the tasks");
  return total;
}

}  // namespace tasker::bench
