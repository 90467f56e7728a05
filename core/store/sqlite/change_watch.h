// How processes on one store file wake each other.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/store/store.h"

namespace tasker::store::sqlite {

/// Wakes every ChangeWatch on the file by touching its times.
///
/// By path, never through a descriptor: closing one would drop the locks that SQLite holds on the
/// same file (https://www.sqlite.org/howtocorrupt.html, section 2.2).
void ring(const std::string& path);

/// Hears rings through inotify's IN_ATTRIB, which plain writes to the file do not raise.
base::Result<std::unique_ptr<ChangeWatch>> watch(const std::string& path);

}  // namespace tasker::store::sqlite
