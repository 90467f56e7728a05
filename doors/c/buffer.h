// Text that leaves the library, owned by the caller.
#pragma once

#include <string_view>

#include "include/tasker/tasker.h"

namespace tasker::c {

/// Copies `text` and a NUL to memory that tasker_buffer_destroy and free_rust_string release.
/// Throws bad_alloc, with `out` as it was.
void give(tasker_buffer* out, std::string_view text);

}  // namespace tasker::c
