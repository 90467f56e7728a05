// Domain events of the in-process path: what a step's template says that its end publishes
// (contract, 2.7 and 4.10).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/uuid.h"
#include "core/worker/step_event.h"

namespace tasker::worker {

/// The end of an attempt that publishes events, shared by all of them.
struct Publication {
  StepEvent step;             ///< as it was dispatched
  std::string result_json;    ///< what the handler reported; the business part of the events
  std::string document_json;  ///< the whole result document (contract, 2.2)
};

struct DomainEvent {
  base::Uuid event_id;
  std::shared_ptr<const Publication> publication;
  std::uint32_t declaration = 0;  ///< index into the step's publishes_events
  std::int64_t fired_at_us = 0;
};

/// Appends the contract's domain event (2.7).
void append_domain_event_json(std::string& out, const DomainEvent& event);

}  // namespace tasker::worker
