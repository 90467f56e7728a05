// Domain events as documents: what the end of a step publishes (contract, 2.7 and 4.10).
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
  std::string name;
  std::string publisher;
  std::string payload_json;  ///< the business part when it is not the publication's result
  std::int64_t fired_at_us = 0;
};

/// Who publishes an event of the step: the publisher of its declaration (null for an event that is
/// not declared), else that of the step's first one, else the default.
std::string_view publisher_of(const model::StepTemplate& step,
                              const model::PublishedEvent* declaration);

/// The two spellings of the contract's 2.7.
enum class DomainEventForm : std::uint8_t {
  kInProcess,  ///< camelCase
  kDurable,    ///< the same in snake_case
};

/// Appends the contract's domain event (2.7).
void append_domain_event_json(std::string& out, const DomainEvent& event,
                              DomainEventForm form = DomainEventForm::kInProcess);

}  // namespace tasker::worker
