// Durable domain events on their way to the subscribers of this process.
//
//   taken (committed) ─▶ ready ── poll ─▶ out ─┬─ acknowledge, fail, timeout ─▶ ends ─▶ committed
//                          └──── revoked ◀─────┘  (lease lost, unsubscribed, shutdown)
//
// The store writer asks for what is to be committed (fill) and says what came of it (committed):
// takes and ends ride in the commits that it makes anyway.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/store/store.h"
#include "core/worker/event_subscription.h"
#include "core/worker/metrics.h"

namespace tasker::worker {

class EventBuilder;

struct EventDeliveryParts {
  Metrics& metrics;
  base::Logger& logger;
  const base::Clock& clock;
  std::function<void()> wake;  ///< calls the front end's wake-up; not under a lock
};

/// Threads: any, unless a member says otherwise.
class EventDelivery {
 public:
  explicit EventDelivery(EventDeliveryParts parts);

  /// Set before the first subscription: there is something for the store writer to commit, and a
  /// deadline is earlier than those known.
  void set_on_work(std::function<void()> on_work) { on_work_ = std::move(on_work); }
  void set_on_earlier_deadline(std::function<void()> callback) {
    on_earlier_deadline_ = std::move(callback);
  }

  /// Appends up to `max` items, each a JSON object: `{"kind":"event","delivery_id","subscriber",
  /// "number","attempt","max_attempts","event":{…}}` or `{"kind":"revoked","delivery_id",
  /// "subscriber","reason"}`.
  std::size_t poll(std::size_t max, std::vector<std::string>& out);
  /// UNKNOWN_EVENT when the delivery is not out (any more).
  base::Status acknowledge(const base::Uuid& delivery_id);
  base::Status fail_delivery(const base::Uuid& delivery_id, const DeliveryFailure& failure);

  /// Whether items wait, of which a new reader has to be told; whether some were announced.
  bool announce_again();
  bool announced() const;
  /// Whether this worker has a subscription of the name.
  bool has(std::string_view subscriber) const;
  /// Ends what is over its time and asks for retries that are due; returns when to look again
  /// (monotonic, microseconds), 0 for never.
  std::int64_t tick();
  /// Takes nothing more; what no handler has seen yet is given up.
  void close();
  /// Waits until no delivery is out; false when that takes longer than `timeout_us`.
  bool wait_idle(std::int64_t timeout_us);
  /// Ends a wait_idle at once.
  void abandon();

  // The store writer's thread only:

  /// Registers the subscriber and takes its events here, unless another process does: then as soon
  /// as that one stops. INVALID_STATE when this worker has it already.
  base::Status subscribe(store::Store& store, model::WorkerId worker,
                         EventSubscription subscription);
  /// Gives the subscriber up here. NOT_FOUND when this process does not have it.
  base::Status unsubscribe(store::Store& store, model::WorkerId worker,
                           std::string_view subscriber);
  /// Gives up all of them.
  void release_all(store::Store& store, model::WorkerId worker);
  /// Tries to get the subscribers that other processes had.
  void acquire(store::Store& store, model::WorkerId worker);
  /// The worker's record is gone: nothing that is out is this process's any more.
  void lose_all();
  /// Others may have written events.
  void look_again();

  /// Adds the ends and takes that are due to the batch.
  void fill(store::WriteBatch& batch);
  /// What came of them.
  void committed(const store::WriteBatch& batch, store::WriteOutcome& outcome,
                 EventBuilder& builder, store::Reader& reader);
  /// The batch was not committed.
  void not_committed(store::WriteBatch& batch);

 private:
  struct Subscriber {
    EventSubscription wanted;
    std::shared_ptr<const std::vector<std::string>> patterns;
    model::SubscriberId id{};
    bool is_held = false;
    bool take = false;  ///< events may wait
    std::uint64_t seen = 0;
    std::int64_t next_due_us = 0;  ///< wall clock; 0 for none
    std::size_t out = 0;
  };
  /// A delivery that this process has not ended.
  struct Out {
    model::SubscriberId subscriber{};
    std::string name;
    std::uint64_t number = 0;
    std::uint32_t attempt = 0;
    std::int64_t deadline_us = 0;  ///< monotonic; 0: no handler has seen it
  };
  struct Item {
    base::Uuid delivery_id;
    std::string text;
    bool is_event = false;  ///< else: a delivery was revoked
  };

  /// A line for the log, written when the lock is free again.
  struct Remark {
    base::LogLevel level = base::LogLevel::kInfo;
    const char* message = "";
    std::string subscriber;
    std::uint64_t number = 0;  ///< of the event; 0: the remark is about the subscriber
    std::uint32_t attempt = 0;
    std::string error_json;
  };

  /// Writes the remarks. Not under the lock.
  void write_remarks();
  Subscriber* find(model::SubscriberId id) TASKER_REQUIRES(mutex_);
  void end(const Out& out, store::DeliveryEnd::Kind kind, std::int64_t due_at_us,
           std::string error_json) TASKER_REQUIRES(mutex_);
  void end_failed(const Out& out, const DeliveryFailure& failure) TASKER_REQUIRES(mutex_);
  std::map<base::Uuid, Out>::iterator forget(std::map<base::Uuid, Out>::iterator at)
      TASKER_REQUIRES(mutex_);
  void revoke(Subscriber& subscriber, std::string_view reason) TASKER_REQUIRES(mutex_);
  void add_revoked(const base::Uuid& delivery_id, std::string_view name, std::string_view reason)
      TASKER_REQUIRES(mutex_);
  /// Whether to call the wake-up, now that items were added.
  bool announce() TASKER_REQUIRES(mutex_);
  void note_held(Subscriber& subscriber, bool is_held) TASKER_REQUIRES(mutex_);
  base::Result<std::string> document_of(const store::StoredEvent& stored, EventBuilder& builder,
                                        store::Reader& reader);
  void deliver(const Subscriber& subscriber, store::Taken& taken, EventBuilder& builder,
               store::Reader& reader);

  Metrics& metrics_;
  base::Logger& logger_;
  const base::Clock& clock_;
  const std::function<void()> wake_;
  std::function<void()> on_work_;
  std::function<void()> on_earlier_deadline_;

  mutable base::Mutex mutex_;
  base::Condition idle_;
  std::map<std::string, Subscriber, std::less<>> subscribers_ TASKER_GUARDED_BY(mutex_);
  std::map<base::Uuid, Out> out_ TASKER_GUARDED_BY(mutex_);
  std::deque<Item> items_ TASKER_GUARDED_BY(mutex_);
  std::deque<store::DeliveryEnd> ends_ TASKER_GUARDED_BY(mutex_);
  std::vector<Remark> remarks_ TASKER_GUARDED_BY(mutex_);
  base::Random random_ TASKER_GUARDED_BY(mutex_);
  bool announced_ TASKER_GUARDED_BY(mutex_) = false;
  bool closed_ TASKER_GUARDED_BY(mutex_) = false;
  bool abandoned_ TASKER_GUARDED_BY(mutex_) = false;
};

}  // namespace tasker::worker
