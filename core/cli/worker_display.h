// A worker's record as people and programs get it.
#pragma once

#include <cstdint>
#include <string>

#include "core/cli/table.h"
#include "core/store/records.h"

namespace tasker::cli {

/// Appends the worker as a JSON object, with its handlers.
/// @param now_us wall clock, microseconds
void append_worker_json(std::string& out, const store::WorkerRecord& record, std::int64_t now_us);

/// When its lease ends, or that it has lapsed.
Cell lease_cell(const store::WorkerRecord& record, std::int64_t now_us);

}  // namespace tasker::cli
