// Which domain events the end of a step publishes in this process, and their publication once the
// end is committed (contract, 4.10).
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
#include "core/store/store.h"
#include "core/worker/dispatcher.h"
#include "core/worker/domain_event_ring.h"
#include "core/worker/metrics.h"

namespace tasker::worker {

class EventBuilder;

/// Events of a completion that waits for its commit: their conditions hold and their payload fits.
struct PreparedPublication {
  Dispatched dispatched;
  std::vector<std::uint32_t> declarations;  ///< indexes into the step's publishes_events
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

  /// Whether somebody reads and the step declares events: prepare() may have something to do.
  bool is_asked(const Dispatched& dispatched) const;
  /// `result_json` is what the handler reported, of a failure too. Null when no event is to fire.
  /// An event whose schema the result does not fit is left out, logged and counted.
  std::unique_ptr<PreparedPublication> prepare(const Dispatched& dispatched,
                                               const store::Completion& completion,
                                               std::string result_json);
  /// Puts the events on the ring. The store writer's thread only.
  void fire(PreparedPublication& prepared, EventBuilder& builder, store::Reader& reader);

 private:
  /// One for each of a step's events; an error for a schema that an older version let pass.
  using Schemas = std::vector<base::Result<base::JsonSchema>>;

  std::shared_ptr<const Schemas> schemas_of(const Dispatched& dispatched);
  bool fits(const Dispatched& dispatched, std::uint32_t declaration, std::string_view result_json);

  DomainEventRing& ring_;
  Dispatcher& dispatcher_;
  Metrics& metrics_;
  base::Logger& logger_;
  const base::Clock& clock_;
  base::Random random_;  // the store writer's thread only

  base::Mutex mutex_;
  std::map<std::pair<model::TemplateId, std::uint32_t>, std::shared_ptr<const Schemas>> schemas_
      TASKER_GUARDED_BY(mutex_);  // by template and step
};

}  // namespace tasker::worker
