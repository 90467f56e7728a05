// Which domain events the end of a step publishes: durable ones go into the store with the end
// itself, those of this process are published once it is committed (contract, 4.10).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json_schema.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "core/engine/published_events.h"
#include "core/store/store.h"
#include "core/worker/dispatcher.h"
#include "core/worker/domain_event_ring.h"
#include "core/worker/metrics.h"

namespace tasker::worker {

class EventBuilder;

/// Events of a completion that waits for its commit, for readers in this process.
struct PreparedPublication {
  Dispatched dispatched;
  std::vector<DomainEvent> events;  ///< without their publication
  std::string result_json;
  std::string document_json;  ///< contract, 2.2
};

struct PublisherParts {
  DomainEventRing& ring;
  Dispatcher& dispatcher;
  Metrics& metrics;
  base::Logger& logger;
  const base::Clock& clock;
};

/// Threads: any, unless a member says otherwise.
class DomainEventPublisher {
 public:
  explicit DomainEventPublisher(const PublisherParts& parts);

  /// Whether prepare() may have something to do for a step whose handler publishes nothing itself.
  bool is_asked(const Dispatched& dispatched) const;
  /// Gives `completion` its durable events, and returns those for this process; null when there are
  /// none. `result_json` is what the handler reported, of a failure too; `own` are the events that
  /// it publishes itself: one that the step declares takes the declared one's place. An event whose
  /// payload does not fit its schema is left out, logged and counted.
  std::unique_ptr<PreparedPublication> prepare(const Dispatched& dispatched,
                                               store::Completion& completion,
                                               std::string result_json,
                                               std::vector<engine::HandlerEvent> own);
  /// Puts the events on the ring. The store writer's thread only.
  void fire(PreparedPublication& prepared, EventBuilder& builder, store::Reader& reader);

 private:
  /// One for each of a step's events; an error for a schema that an older version let pass.
  using Schemas = std::vector<base::Result<base::JsonSchema>>;

  std::shared_ptr<const Schemas> schemas_of(const Dispatched& dispatched);
  bool fits(const Dispatched& dispatched, std::uint32_t declaration, std::string_view result_json);
  base::Uuid new_event_id(std::int64_t now_us);

  /// An event that is to fire.
  struct Chosen {
    const model::PublishedEvent* declaration;  ///< null for one that is not declared
    engine::HandlerEvent event;                ///< an empty payload stands for the result
  };
  std::vector<Chosen> choose(const Dispatched& dispatched, model::StepState next,
                             std::string_view result_json, std::vector<engine::HandlerEvent> own);

  DomainEventRing& ring_;
  Dispatcher& dispatcher_;
  Metrics& metrics_;
  base::Logger& logger_;
  const base::Clock& clock_;

  base::Mutex mutex_;
  base::Random random_ TASKER_GUARDED_BY(mutex_);
  std::map<std::pair<model::TemplateId, std::uint32_t>, std::shared_ptr<const Schemas>> schemas_
      TASKER_GUARDED_BY(mutex_);  // by template and step
};

}  // namespace tasker::worker
