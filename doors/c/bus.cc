// The event bus: ports, events, subscriptions.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "doors/c/arguments.h"
#include "doors/c/buffer.h"
#include "doors/c/guard.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

/// A text parameter as the caller gave it.
struct Text {
  const char* data;
  std::size_t bytes;
  const char* name;

  Result<std::string_view> required() const { return required_text(data, bytes, name); }
  Result<std::string_view> optional() const { return text_argument(data, bytes, name); }
};

/// A port in use, and its worker with it.
struct UsedBus {
  Use worker;
  std::shared_ptr<BusSide> side;

  worker::BusPort& port() const { return side->port(); }
};

Result<UsedBus> use_bus(const tasker_worker* worker, std::uint64_t bus) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  auto side = (*used)->buses().find(bus);
  if (!side) return fail(side.error());
  return UsedBus{std::move(*used), std::move(*side)};
}

Status open_bus(const tasker_worker* worker, std::uint64_t* out_bus) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out_bus, "out_bus"); !given) return given;
  const auto number =
      (*used)->buses().add(std::make_shared<BusSide>((*used)->core().open_bus_port()));
  if (!number) return fail(number.error());
  *out_bus = *number;
  return {};
}

Status close_bus(const tasker_worker* worker, std::uint64_t bus) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  if (used->side->news().inside_callback())
    return fail(ErrorCode::kINVALID_STATE, "a wake-up may not close the port that calls it");
  used->worker->buses().remove(bus);
  used->side->close();
  return {};
}

Status register_event(const tasker_worker* worker, std::uint64_t bus, const Text& name,
                      const Text& schema) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  const auto name_text = name.required();
  if (!name_text) return fail(name_text.error());
  const auto schema_text = schema.optional();
  if (!schema_text) return fail(schema_text.error());
  return used->port().register_event(*name_text, *schema_text);
}

Status list_events(const tasker_worker* worker, std::uint64_t bus, tasker_buffer* out) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out, "out_events"); !given) return given;
  give(out, used->port().list_events_json());
  return {};
}

Status publish(const tasker_worker* worker, std::uint64_t bus, const Text& name,
               const Text& payload) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  const auto name_text = name.required();
  if (!name_text) return fail(name_text.error());
  const auto payload_text = payload.required();
  if (!payload_text) return fail(payload_text.error());
  return used->port().publish(*name_text, *payload_text);
}

Status begin_publish(const tasker_worker* worker, std::uint64_t bus, const Text& name,
                     const Text& payload, std::uint32_t depth, std::uint64_t* out_request) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  const auto name_text = name.required();
  if (!name_text) return fail(name_text.error());
  const auto payload_text = payload.required();
  if (!payload_text) return fail(payload_text.error());
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  const auto request = used->port().publish_begin(*name_text, *payload_text, depth);
  if (!request) return fail(request.error());
  *out_request = *request;
  return {};
}

Status subscribe(const tasker_worker* worker, std::uint64_t bus, const Text& pattern,
                 const Text& options, std::uint64_t* out_subscription) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  const auto pattern_text = pattern.required();
  if (!pattern_text) return fail(pattern_text.error());
  const auto options_text = options.optional();
  if (!options_text) return fail(options_text.error());
  if (auto given = check_not_null(out_subscription, "out_subscription"); !given) return given;
  const auto subscription = used->port().subscribe(*pattern_text, *options_text);
  if (!subscription) return fail(subscription.error());
  *out_subscription = *subscription;
  return {};
}

Status get_subscription(const tasker_worker* worker, std::uint64_t bus, std::uint64_t subscription,
                        tasker_buffer* out) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out, "out_subscription"); !given) return given;
  const auto text = used->port().subscription_json(subscription);
  if (!text) return fail(text.error());
  give(out, *text);
  return {};
}

Status poll_bus(const tasker_worker* worker, std::uint64_t bus, std::uint32_t max,
                std::uint64_t subscription, tasker_buffer* out) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  if (auto fits = check_range(max, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto given = check_not_null(out, "out_events"); !given) return given;
  used->side->poll(max, subscription, out);
  return {};
}

Status wait_bus(const tasker_worker* worker, std::uint64_t bus, std::uint32_t timeout_ms) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  if (auto fits = check_range(timeout_ms, 0, kPollTimeoutMsMax, "timeout_ms"); !fits) return fits;
  switch (used->side->news().wait(timeout_ms, [] { return false; })) {
    case News::Waited::kNews:
      return {};
    case News::Waited::kTimedOut:
      return fail(ErrorCode::kTIMED_OUT, fmt::format("no event came within {} ms", timeout_ms));
    case News::Waited::kOver:
    case News::Waited::kClosed:
      break;
  }
  return fail(ErrorCode::kCLOSED, "the port of the event bus is closed");
}

Status set_bus_wakeup(const tasker_worker* worker, std::uint64_t bus, Wakeup& wakeup) {
  auto used = use_bus(worker, bus);
  if (!used) return fail(used.error());
  return used->side->news().set_wakeup(wakeup);
}

}  // namespace
}  // namespace tasker::c

using tasker::c::guard;

tasker_status tasker_bus_open(tasker_worker* worker, uint64_t* out_bus, tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::open_bus(worker, out_bus); });
}

tasker_status tasker_bus_close(tasker_worker* worker, uint64_t bus, tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::close_bus(worker, bus); });
}

tasker_status tasker_bus_register_event(tasker_worker* worker, uint64_t bus, const char* name,
                                        size_t name_bytes, const char* schema_json,
                                        size_t schema_bytes, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::register_event(worker, bus, {name, name_bytes, "name"},
                                     {schema_json, schema_bytes, "schema_json"});
  });
}

tasker_status tasker_bus_list_events(tasker_worker* worker, uint64_t bus, tasker_buffer* out_events,
                                     tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::list_events(worker, bus, out_events); });
}

tasker_status tasker_bus_publish(tasker_worker* worker, uint64_t bus, const char* name,
                                 size_t name_bytes, const char* payload_json, size_t payload_bytes,
                                 tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::publish(worker, bus, {name, name_bytes, "name"},
                              {payload_json, payload_bytes, "payload_json"});
  });
}

tasker_status tasker_bus_publish_begin(tasker_worker* worker, uint64_t bus, const char* name,
                                       size_t name_bytes, const char* payload_json,
                                       size_t payload_bytes, uint32_t depth, uint64_t* out_request,
                                       tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::begin_publish(worker, bus, {name, name_bytes, "name"},
                                    {payload_json, payload_bytes, "payload_json"}, depth,
                                    out_request);
  });
}

tasker_status tasker_bus_subscribe(tasker_worker* worker, uint64_t bus, const char* pattern,
                                   size_t pattern_bytes, const char* options_json,
                                   size_t options_bytes, uint64_t* out_subscription,
                                   tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::subscribe(worker, bus, {pattern, pattern_bytes, "pattern"},
                                {options_json, options_bytes, "options_json"}, out_subscription);
  });
}

tasker_status tasker_bus_unsubscribe(tasker_worker* worker, uint64_t bus, uint64_t subscription,
                                     tasker_error** out_error) {
  return guard(out_error, [&]() -> tasker::base::Status {
    auto used = tasker::c::use_bus(worker, bus);
    if (!used) return tasker::base::fail(used.error());
    return used->port().unsubscribe(subscription);
  });
}

tasker_status tasker_bus_get_subscription(tasker_worker* worker, uint64_t bus,
                                          uint64_t subscription, tasker_buffer* out_subscription,
                                          tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::get_subscription(worker, bus, subscription, out_subscription);
  });
}

tasker_status tasker_bus_poll(tasker_worker* worker, uint64_t bus, uint32_t max_events,
                              uint64_t subscription, tasker_buffer* out_events,
                              tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::poll_bus(worker, bus, max_events, subscription, out_events);
  });
}

tasker_status tasker_bus_wait(tasker_worker* worker, uint64_t bus, uint32_t timeout_ms,
                              tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::wait_bus(worker, bus, timeout_ms); });
}

tasker_status tasker_bus_set_wakeup(tasker_worker* worker, uint64_t bus,
                                    tasker_wakeup_callback on_wakeup, void* user_data,
                                    tasker_finalizer finalizer, tasker_error** out_error) {
  // Outside of the call proper, as in tasker_worker_set_wakeup.
  tasker::c::Wakeup wakeup{on_wakeup, {user_data, finalizer}};
  return guard(out_error, [&] { return tasker::c::set_bus_wakeup(worker, bus, wakeup); });
}
