// What is published, and who listens.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tasker::events {

/// One publish, as a listener sees it. Borrowed for the call.
struct Event {
  std::string_view name;
  std::string_view payload;  ///< JSON, of the event's schema when it has one
  std::uint32_t depth = 1;   ///< see PublishOptions::depth
};

/// A listener that throws is counted and logged, and harms nobody else.
using Listener = std::function<void(const Event&)>;

/// An event in a queue; copies share one text.
class QueuedEvent {
 public:
  explicit QueuedEvent(const Event& event)
      : stored_(std::make_shared<const Stored>(
            Stored{std::string(event.name), std::string(event.payload), event.depth})) {}

  Event view() const { return {stored_->name, stored_->payload, stored_->depth}; }

 private:
  struct Stored {
    std::string name;
    std::string payload;
    std::uint32_t depth;
  };
  // Shared by the queues of all subscribers of one publish.
  std::shared_ptr<const Stored> stored_;
};

/// One publish, as middleware sees it: the payload may be exchanged on its way.
class Publication {
 public:
  Publication(std::string_view name, std::string_view payload) : name_(name), payload_(payload) {}
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  std::string_view name() const { return name_; }
  std::string_view payload() const { return payload_; }
  /// It is checked against the event's schema before it is delivered.
  void set_payload(std::string payload) {
    own_payload_ = std::move(payload);
    payload_ = own_payload_;
    changed_ = true;
  }
  bool changed() const { return changed_; }

  /// Set by the bus.
  bool delivered = false;

 private:
  std::string_view name_;
  std::string_view payload_;
  std::string own_payload_;
  bool changed_ = false;
};

/// The rest of the way to the subscribers: the next middleware, in the end the delivery.
class Next;

/// Stands around the publishing of an event: calls `next` once to let it through, or not at all to
/// filter it out, which is no failure. An error that it returns, or an exception, is what the
/// publisher gets. Threads: that of the publisher, several at once.
using Middleware = std::function<base::Status(Publication&, const Next& next)>;

class Next {
 public:
  using Deliver = base::Status (*)(void* context, Publication& publication);

  Next(const std::shared_ptr<const Middleware>* first, const std::shared_ptr<const Middleware>* end,
       Publication& publication, Deliver deliver, void* context)
      : first_(first), end_(end), publication_(publication), deliver_(deliver), context_(context) {}

  base::Status operator()() const {
    if (first_ == end_) return deliver_(context_, publication_);
    return (**first_)(publication_, Next(first_ + 1, end_, publication_, deliver_, context_));
  }

 private:
  const std::shared_ptr<const Middleware>* first_;
  const std::shared_ptr<const Middleware>* end_;
  Publication& publication_;
  Deliver deliver_;
  void* context_;
};

}  // namespace tasker::events
