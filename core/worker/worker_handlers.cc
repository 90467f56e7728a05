// What a worker is told of its handlers and executors, and what it does for attachments.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/worker/json_writer.h"
#include "core/worker/worker_impl.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::LogLevel;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kCallableBytesMax = 500;
constexpr std::size_t kWhyBytesMax = 1'000;
constexpr std::uint32_t kConcurrentMax = 100'000;
constexpr std::uint32_t kDeadlineMsMax = 86'400'000;

Status check_number(std::size_t index, std::string_view member,
                    const std::optional<std::uint32_t>& given, std::uint32_t max) {
  if (!given || (*given >= 1 && *given <= max)) return {};
  const std::string field = fmt::format("callables[{}].{}", index, member);
  return fail(ErrorCode::kINVALID_ARGUMENT,
              fmt::format("{} is {}; expected 1 to {}", field, *given, max), field);
}

Status check(std::size_t index, const HandlerSpec& spec) {
  if (spec.name.empty() || spec.name.size() > kCallableBytesMax)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("handler name \"{}\"; expected 1 to 500 bytes", base::shown(spec.name)),
                spec.keeps_known ? fmt::format("callables[{}]", index)
                                 : fmt::format("callables[{}].name", index));
  if (spec.why.size() > kWhyBytesMax)
    return fail(ErrorCode::kTOO_LARGE,
                fmt::format("callables[{}].why has {} bytes; at most {} are allowed", index,
                            spec.why.size(), kWhyBytesMax),
                fmt::format("callables[{}].why", index));
  if (auto fits = check_number(index, "max_concurrent", spec.concurrent_max, kConcurrentMax); !fits)
    return fits;
  return check_number(index, "deadline_ms", spec.deadline_ms, kDeadlineMsMax);
}

/// What list_workers() shows of them.
std::string described(const std::vector<HandlerSpec>& handlers) {
  std::string out;
  append_json_array(out, handlers, [&](const HandlerSpec& spec) {
    JsonObject object(out);
    object.text("callable", spec.name);
    object.text("executor", executor_name(spec.executor));
    object.text("why", spec.why);
    object.number_or_null("max_concurrent", spec.concurrent_max);
    object.number_or_null("deadline_ms", spec.deadline_ms);
    object.close();
  });
  return out;
}

}  // namespace

void Worker::Impl::describe_handlers(store::Store& store) {
  std::string handlers_json;
  {
    Lock lock(handlers_mutex_);
    if (handlers_.empty()) return;
    handlers_json = described(handlers_);
  }
  // Told twice is a commit for nothing, such as when the worker starts.
  if (described_as_ == writer_->worker() && described_json_ == handlers_json) return;
  if (auto kept = store.describe_handlers(writer_->worker(), handlers_json); !kept) {
    // For people alone: what a worker does goes on without it.
    logger->log(
        LogLevel::kWarn, "worker", "other processes cannot see this worker's handlers",
        {{"worker_id", std::string_view(name)}, {"error", std::string_view(kept.error().message)}});
    return;
  }
  described_as_ = writer_->worker();
  described_json_ = std::move(handlers_json);
}

Status Worker::Impl::register_handlers(std::span<const HandlerSpec> handlers) {
  if (auto ok = usable(); !ok) return ok;
  for (std::size_t i = 0; i < handlers.size(); ++i)
    if (auto fits = check(i, handlers[i]); !fits) return fits;
  {
    Lock lock(handlers_mutex_);
    for (const HandlerSpec& spec : handlers) {
      const auto known =
          std::find_if(handlers_.begin(), handlers_.end(),
                       [&](const HandlerSpec& one) { return one.name == spec.name; });
      // Its place stays: what is dispatched names its handler by that.
      if (known == handlers_.end())
        handlers_.push_back(spec);
      else if (!spec.keeps_known)
        *known = spec;
    }
  }
  return send_handlers();
}

Status Worker::Impl::register_all_handlers() {
  if (auto ok = usable(); !ok) return ok;
  {
    Lock lock(handlers_mutex_);
    all_handlers_ = true;
  }
  return send_handlers();
}

Status Worker::Impl::send_handlers() {
  HandlerChoice choice;
  choice.namespaces = config.namespaces;
  {
    Lock lock(handlers_mutex_);
    choice.handlers = handlers_;
    choice.all = all_handlers_;
  }
  if (auto set = writer_->call([&](store::Store& store) {
        writer_->set_handlers(std::move(choice));
        describe_handlers(store);
      });
      !set)
    return set;
  writer_->request_claim();
  return {};
}

Status Worker::Impl::set_executor_room(Executor executor, std::uint32_t places) {
  if (auto ok = usable(); !ok) return ok;
  if (places > kExecutorRoomMax)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("places is {}; expected 0 to {}", places, kExecutorRoomMax), "places");
  dispatcher.set_room(executor, places);
  writer_->request_claim();
  return {};
}

std::vector<base::Uuid> Worker::Impl::end_attachment(AttachmentId id) {
  Dispatcher::Ended ended = dispatcher.end_attachment(id);
  if (ended.freed > 0) writer_->request_claim();
  if (!ended.held.empty() || ended.freed > 0)
    logger->log(LogLevel::kInfo, "worker", "an attachment has ended with steps",
                {{"worker_id", std::string_view(name)},
                 {"attachment", std::int64_t{id}},
                 {"held", static_cast<std::int64_t>(ended.held.size())},
                 {"freed", static_cast<std::int64_t>(ended.freed)}});
  return std::move(ended.held);
}

Result<std::uint32_t> Worker::Impl::hand_back(std::span<const base::Uuid> event_ids,
                                              const Taker* by) {
  if (auto ok = usable(); !ok) return fail(ok.error());
  // A drain that finds nothing running waits for these to reach the writer.
  const UnderWay under_way(completing_);
  auto taken = dispatcher.hand_back(event_ids, by);
  if (!taken) return fail(taken.error());
  hand_back(*taken);
  writer_->request_claim();
  return static_cast<std::uint32_t>(taken->size());
}

}  // namespace tasker::worker
