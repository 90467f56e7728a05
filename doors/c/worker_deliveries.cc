// Durable domain events: subscribers, what is delivered to them, and what came of it.
#include <string>
#include <string_view>
#include <vector>

#include "core/worker/json_writer.h"
#include "doors/c/arguments.h"
#include "doors/c/buffer.h"
#include "doors/c/guard.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::fail;
using base::Status;
using worker::Worker;

struct TextArgument {
  const char* data;
  std::size_t bytes;
  const char* name;
};

/// A worker and a text in, nothing out.
Status with_text(const tasker_worker* worker, const TextArgument& argument,
                 Status (Worker::*call)(std::string_view)) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto text = required_text(argument.data, argument.bytes, argument.name);
  if (!text) return fail(text.error());
  return ((*used)->core().*call)(*text);
}

Status poll_deliveries(const tasker_worker* worker, std::uint32_t max, tasker_buffer* out) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(max, 1, kPollMax, "max_deliveries"); !fits) return fits;
  if (auto given = check_not_null(out, "out_deliveries"); !given) return given;
  std::vector<std::string> deliveries;
  (*used)->core().poll_deliveries(max, deliveries);
  (*used)->news().settle();
  *out = TASKER_BUFFER_INIT;
  if (deliveries.empty()) return {};
  std::string text;
  worker::append_json_array(text, deliveries, [&](const std::string& item) { text += item; });
  give(out, text);
  return {};
}

Status acknowledge(const tasker_worker* worker, const char* id, std::size_t bytes) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto delivery = uuid_argument(id, bytes, "delivery_id");
  if (!delivery) return fail(delivery.error());
  return (*used)->core().acknowledge_delivery(*delivery);
}

Status fail_one(const tasker_worker* worker, const TextArgument& id, const TextArgument& failure) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto delivery = uuid_argument(id.data, id.bytes, id.name);
  if (!delivery) return fail(delivery.error());
  const auto text = text_argument(failure.data, failure.bytes, failure.name);
  if (!text) return fail(text.error());
  return (*used)->core().fail_delivery(*delivery, text->empty() ? "{}" : *text);
}

}  // namespace
}  // namespace tasker::c

using tasker::c::guard;
using tasker::worker::Worker;

tasker_status tasker_worker_subscribe_domain_events(tasker_worker* worker,
                                                    const char* subscription_json,
                                                    size_t subscription_bytes,
                                                    tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::with_text(worker,
                                {subscription_json, subscription_bytes, "subscription_json"},
                                &Worker::subscribe_domain_events);
  });
}

tasker_status tasker_worker_unsubscribe_domain_events(tasker_worker* worker, const char* subscriber,
                                                      size_t subscriber_bytes,
                                                      tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::with_text(worker, {subscriber, subscriber_bytes, "subscriber"},
                                &Worker::unsubscribe_domain_events);
  });
}

tasker_status tasker_worker_remove_subscriber(tasker_worker* worker, const char* subscriber,
                                              size_t subscriber_bytes, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::with_text(worker, {subscriber, subscriber_bytes, "subscriber"},
                                &Worker::remove_subscriber);
  });
}

tasker_status tasker_worker_poll_deliveries(tasker_worker* worker, uint32_t max_deliveries,
                                            tasker_buffer* out_deliveries,
                                            tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::poll_deliveries(worker, max_deliveries, out_deliveries); });
}

tasker_status tasker_worker_acknowledge_delivery(tasker_worker* worker, const char* delivery_id,
                                                 size_t delivery_id_bytes,
                                                 tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::acknowledge(worker, delivery_id, delivery_id_bytes); });
}

tasker_status tasker_worker_fail_delivery(tasker_worker* worker, const char* delivery_id,
                                          size_t delivery_id_bytes, const char* failure_json,
                                          size_t failure_bytes, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::fail_one(worker, {delivery_id, delivery_id_bytes, "delivery_id"},
                               {failure_json, failure_bytes, "failure_json"});
  });
}
