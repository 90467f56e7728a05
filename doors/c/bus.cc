// The event bus: ports, events, subscriptions.
#include <fmt/format.h>

#include <memory>
#include <string_view>

#include "doors/c/arguments.h"
#include "doors/c/buffer.h"
#include "doors/c/call.h"
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

/// Runs `body` with a port, while its worker is in use.
template <class Body>
tasker_status call_bus(const tasker_worker* worker, std::uint64_t bus, tasker_error** out_error,
                       Body body) {
  return call(worker, out_error, [&](const Use& used) -> Status {
    const auto side = used->buses().find(bus);
    if (!side) return fail(side.error());
    return body(**side);
  });
}

/// Two texts, of which the first has to be given.
struct Texts {
  std::string_view first;
  std::string_view second;
};

Result<Texts> read(const Text& first, const Text& second, bool second_required) {
  const auto one = first.required();
  if (!one) return fail(one.error());
  const auto other = second_required ? second.required() : second.optional();
  if (!other) return fail(other.error());
  return Texts{*one, *other};
}

Status open_bus(WorkerObject& object, std::uint64_t* out_bus) {
  if (auto given = check_not_null(out_bus, "out_bus"); !given) return given;
  const auto number = object.buses().add(std::make_shared<BusSide>(object.core().open_bus_port()));
  if (!number) return fail(number.error());
  *out_bus = *number;
  return {};
}

Status close_bus(WorkerObject& object, std::uint64_t bus) {
  const auto side = object.buses().find(bus);
  if (!side) return fail(side.error());
  if ((*side)->news().inside_callback())
    return fail(ErrorCode::kINVALID_STATE, "a wake-up may not close the port that calls it");
  object.buses().remove(bus);
  (*side)->close();
  return {};
}

Status register_event(BusSide& side, const Text& name, const Text& schema) {
  const auto texts = read(name, schema, false);
  if (!texts) return fail(texts.error());
  return side.port().register_event(texts->first, texts->second);
}

Status list_events(BusSide& side, tasker_buffer* out) {
  if (auto given = check_not_null(out, "out_events"); !given) return given;
  give(out, side.port().list_events_json());
  return {};
}

Status publish(BusSide& side, const Text& name, const Text& payload) {
  const auto texts = read(name, payload, true);
  if (!texts) return fail(texts.error());
  return side.port().publish(texts->first, texts->second);
}

Status begin_publish(BusSide& side, const Text& name, const Text& payload, std::uint32_t depth,
                     std::uint64_t* out_request) {
  const auto texts = read(name, payload, true);
  if (!texts) return fail(texts.error());
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  const auto request = side.port().publish_begin(texts->first, texts->second, depth);
  if (!request) return fail(request.error());
  *out_request = *request;
  return {};
}

Status subscribe(BusSide& side, const Text& pattern, const Text& options,
                 std::uint64_t* out_subscription) {
  const auto texts = read(pattern, options, false);
  if (!texts) return fail(texts.error());
  if (auto given = check_not_null(out_subscription, "out_subscription"); !given) return given;
  const auto subscription = side.port().subscribe(texts->first, texts->second);
  if (!subscription) return fail(subscription.error());
  *out_subscription = *subscription;
  return {};
}

Status get_subscription(BusSide& side, std::uint64_t subscription, tasker_buffer* out) {
  if (auto given = check_not_null(out, "out_subscription"); !given) return given;
  const auto text = side.port().subscription_json(subscription);
  if (!text) return fail(text.error());
  give(out, *text);
  return {};
}

Status poll_bus(BusSide& side, std::uint32_t max, std::uint64_t subscription, tasker_buffer* out) {
  if (auto fits = check_range(max, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto given = check_not_null(out, "out_events"); !given) return given;
  side.poll(max, subscription, out);
  return {};
}

Status wait_bus(BusSide& side, std::uint32_t timeout_ms) {
  if (auto fits = check_range(timeout_ms, 0, kPollTimeoutMsMax, "timeout_ms"); !fits) return fits;
  switch (side.news().wait(timeout_ms, [] { return false; })) {
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

}  // namespace
}  // namespace tasker::c

using tasker::c::BusSide;
using tasker::c::call;
using tasker::c::call_bus;
using tasker::c::Use;

tasker_status tasker_bus_open(tasker_worker* worker, uint64_t* out_bus, tasker_error** out_error) {
  return call(worker, out_error,
              [&](const Use& used) { return tasker::c::open_bus(*used, out_bus); });
}

tasker_status tasker_bus_close(tasker_worker* worker, uint64_t bus, tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) { return tasker::c::close_bus(*used, bus); });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_bus_register_event(tasker_worker* worker, uint64_t bus, const char* name,
                                        size_t name_bytes, const char* schema_json,
                                        size_t schema_bytes, tasker_error** out_error) {
  return call_bus(worker, bus, out_error, [&](BusSide& side) {
    return tasker::c::register_event(side, {name, name_bytes, "name"},
                                     {schema_json, schema_bytes, "schema_json"});
  });
}

tasker_status tasker_bus_list_events(tasker_worker* worker, uint64_t bus, tasker_buffer* out_events,
                                     tasker_error** out_error) {
  return call_bus(worker, bus, out_error,
                  [&](BusSide& side) { return tasker::c::list_events(side, out_events); });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_bus_publish(tasker_worker* worker, uint64_t bus, const char* name,
                                 size_t name_bytes, const char* payload_json, size_t payload_bytes,
                                 tasker_error** out_error) {
  return call_bus(worker, bus, out_error, [&](BusSide& side) {
    return tasker::c::publish(side, {name, name_bytes, "name"},
                              {payload_json, payload_bytes, "payload_json"});
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_bus_publish_begin(tasker_worker* worker, uint64_t bus, const char* name,
                                       size_t name_bytes, const char* payload_json,
                                       size_t payload_bytes, uint32_t depth, uint64_t* out_request,
                                       tasker_error** out_error) {
  return call_bus(worker, bus, out_error, [&](BusSide& side) {
    return tasker::c::begin_publish(side, {name, name_bytes, "name"},
                                    {payload_json, payload_bytes, "payload_json"}, depth,
                                    out_request);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_bus_subscribe(tasker_worker* worker, uint64_t bus, const char* pattern,
                                   size_t pattern_bytes, const char* options_json,
                                   size_t options_bytes, uint64_t* out_subscription,
                                   tasker_error** out_error) {
  return call_bus(worker, bus, out_error, [&](BusSide& side) {
    return tasker::c::subscribe(side, {pattern, pattern_bytes, "pattern"},
                                {options_json, options_bytes, "options_json"}, out_subscription);
  });
}

tasker_status tasker_bus_unsubscribe(tasker_worker* worker, uint64_t bus, uint64_t subscription,
                                     tasker_error** out_error) {
  return call_bus(worker, bus, out_error,
                  [&](BusSide& side) { return side.port().unsubscribe(subscription); });
}

tasker_status tasker_bus_get_subscription(tasker_worker* worker, uint64_t bus,
                                          uint64_t subscription, tasker_buffer* out_subscription,
                                          tasker_error** out_error) {
  return call_bus(worker, bus, out_error, [&](BusSide& side) {
    return tasker::c::get_subscription(side, subscription, out_subscription);
  });
}

tasker_status tasker_bus_poll(tasker_worker* worker, uint64_t bus, uint32_t max_events,
                              uint64_t subscription, tasker_buffer* out_events,
                              tasker_error** out_error) {
  return call_bus(worker, bus, out_error, [&](BusSide& side) {
    return tasker::c::poll_bus(side, max_events, subscription, out_events);
  });
}

tasker_status tasker_bus_wait(tasker_worker* worker, uint64_t bus, uint32_t timeout_ms,
                              tasker_error** out_error) {
  return call_bus(worker, bus, out_error,
                  [&](BusSide& side) { return tasker::c::wait_bus(side, timeout_ms); });
}

tasker_status tasker_bus_set_wakeup(tasker_worker* worker, uint64_t bus,
                                    tasker_wakeup_callback on_wakeup, void* user_data,
                                    tasker_finalizer finalizer, tasker_error** out_error) {
  // Outside of the call proper, as in tasker_worker_set_wakeup.
  tasker::c::Wakeup wakeup{on_wakeup, {user_data, finalizer}};
  return call_bus(worker, bus, out_error,
                  [&](BusSide& side) { return side.news().set_wakeup(wakeup); });
}
