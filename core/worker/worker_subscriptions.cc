// A worker's subscriptions to durable domain events.
#include <fmt/format.h>

#include <utility>

#include "core/worker/worker_impl.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

constexpr std::int64_t kFlushTimeoutUs = 10'000'000;

}  // namespace

Status Worker::Impl::subscribe_domain_events(std::string_view json) {
  if (auto ok = usable(); !ok) return ok;
  if (state == WorkerState::kDraining)
    return fail(ErrorCode::kDRAINING, fmt::format("worker {} is draining", name));
  auto subscription = read_event_subscription(json);
  if (!subscription) return fail(subscription.error());
  Status status;
  auto called = writer_->call([&](store::Store& store) {
    status = deliveries.subscribe(store, writer_->worker(), std::move(*subscription));
  });
  return called ? status : called;
}

Status Worker::Impl::unsubscribe_domain_events(std::string_view subscriber) {
  if (auto ok = usable(); !ok) return ok;
  // What was acknowledged before is committed before it is given up.
  writer_->flush(kFlushTimeoutUs);
  Status status;
  auto called = writer_->call([&](store::Store& store) {
    status = deliveries.unsubscribe(store, writer_->worker(), subscriber);
  });
  return called ? status : called;
}

Status Worker::Impl::remove_subscriber(std::string_view subscriber) {
  if (auto ok = usable(); !ok) return ok;
  if (auto good = check_subscriber_name(subscriber); !good) return good;
  Status status;
  auto called =
      writer_->call([&](store::Store& store) { status = store.remove_subscriber(subscriber); });
  return called ? status : called;
}

}  // namespace tasker::worker
