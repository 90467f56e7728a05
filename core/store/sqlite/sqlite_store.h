// Opens the SQLite back end.
#pragma once

#include <memory>
#include <string>

#include "core/base/logger.h"
#include "core/base/result.h"
#include "core/store/store.h"

namespace tasker::store::sqlite {

enum class Durability {
  kFull,    ///< a commit has reached the disk when it returns (synchronous=FULL)
  kNormal,  ///< a power cut may undo the last commits; the file stays sound, a killed process loses
            ///< nothing
};

enum class OpenMode {
  kCreate,    ///< make the file if it is missing, migrate it if it is older
  kExisting,  ///< NOT_FOUND if it is missing; migrate it if it is older
  kReadOnly,  ///< NOT_FOUND if it is missing; no migration, no writes
};

struct Options {
  std::string path;  ///< file name; never ":memory:", since a store is for several connections
  Durability durability = Durability::kFull;
  OpenMode mode = OpenMode::kCreate;
  bool check_integrity = true;  ///< quick check at open, for files up to integrity_check_bytes_max
  std::uint64_t integrity_check_bytes_max = 256ULL << 20;
  std::uint32_t busy_timeout_ms = 10'000;  ///< how long a commit waits for another process's
};

/// STORE_UNAVAILABLE, STORE_READ_ONLY, STORE_CORRUPT (also: not a Tasker store),
/// STORE_SCHEMA_NEWER, STORE_FULL, NOT_FOUND, INVALID_ARGUMENT.
base::Result<std::unique_ptr<Store>> open(const Options& options,
                                          std::shared_ptr<base::Logger> logger);

}  // namespace tasker::store::sqlite
