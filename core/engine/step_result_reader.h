// Result documents of handlers (contract, 2.2): the small envelope is read, the payloads stay text.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/engine/outcome.h"

namespace tasker::engine {

/// Keeps its parser and buffer from one document to the next, so that small documents are read
/// without an allocation for parsing; what a document over 1 MiB needed is given back.
/// Threads: one at a time.
class StepResultReader {
 public:
  StepResultReader();
  ~StepResultReader();
  StepResultReader(const StepResultReader&) = delete;
  StepResultReader& operator=(const StepResultReader&) = delete;

  /// As read_step_result.
  base::Result<StepResult> read(std::string_view document, std::size_t bytes_max);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace tasker::engine
