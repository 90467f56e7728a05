// What the crash tests' workers do: the same rules for the program that works and for the test that
// checks its books afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/uuid.h"
#include "core/model/task_template.h"

namespace tasker::crash {

inline constexpr const char* kCallable = "echo";

/// Templates of four steps each: a line, a diamond, a fan and a funnel. Each step publishes a
/// durable domain event, whatever comes of its attempt, if so wanted.
std::vector<model::TaskTemplate> templates(bool with_events = false);

/// Whether this attempt ends as a retryable failure; never so from the third attempt on.
bool fails_on_purpose(const base::Uuid& task, std::uint32_t step, std::uint32_t attempt);

/// The result of a step that saw the results of `ancestors` steps.
std::string result_of(const base::Uuid& task, std::uint32_t step, std::uint32_t attempt,
                      std::size_t ancestors);

/// One line of the journal: an attempt whose handler has begun.
struct JournalLine {
  base::Uuid task;
  std::uint32_t step = 0;
  std::uint32_t attempt = 0;
};
std::string to_text(const JournalLine& line);
std::optional<JournalLine> parse_journal_line(const std::string& text);

}  // namespace tasker::crash
