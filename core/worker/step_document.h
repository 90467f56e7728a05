// What came of a step's attempt, written back as a result document (contract, 2.2).
#pragma once

#include <cstdint>
#include <string>

#include "core/base/uuid.h"
#include "core/store/records.h"

namespace tasker::worker {

/// The document of the attempt that settled `step`, or of its last failed one; empty while no
/// attempt has ended. For a completed step the record has to hold its result.
std::string step_document(const base::Uuid& step_uuid, const store::StepRecord& step);

/// The document of an attempt that failed.
std::string attempt_document(const base::Uuid& step_uuid, const store::AttemptRecord& attempt);

/// Microseconds to milliseconds, rounded.
std::int64_t whole_ms(std::int64_t duration_us);

}  // namespace tasker::worker
