// The worker's settings: a JSON text from code, over TASKER_… variables, over defaults, checked as
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/logger.h"
#include "core/base/result.h"

namespace tasker::config {

struct Config {
  std::string store_path = "tasker.db";  ///< TASKER_STORE
  std::string durability = "full";       ///< TASKER_DURABILITY: full | normal
  std::string worker_id;                 ///< TASKER_WORKER_ID; empty: typescript-worker-<uuid>
  std::vector<std::string> namespaces;   ///< TASKER_NAMESPACE (comma-separated); empty: all
  base::LogLevel log_level = base::LogLevel::kInfo;  ///< TASKER_LOG_LEVEL
  bool log_json = false;                             ///< TASKER_LOG_JSON: 0 | 1
  std::uint32_t max_concurrent_handlers = 10;        ///< TASKER_MAX_CONCURRENT_HANDLERS, 1..100 000
  std::uint32_t threads_room = 0;  ///< 0..100 000: steps that worker threads can hold
  std::uint32_t process_room = 0;  ///< 0..100 000: steps that child processes can hold
  std::uint32_t handler_timeout_ms =
      300'000;  ///< TASKER_HANDLER_TIMEOUT_MS, 1..86 400 000; where a step names none
  std::uint32_t lease_ttl_ms = 15'000;         ///< TASKER_LEASE_TTL_MS, 100..3 600 000
  std::uint32_t drain_timeout_ms = 30'000;     ///< TASKER_DRAIN_TIMEOUT_MS, 0..3 600 000
  std::uint32_t result_bytes_max = 16U << 20;  ///< TASKER_RESULT_BYTES_MAX, 1024..1 073 741 824
  std::uint32_t completion_channel_capacity =
      65'536;  ///< TASKER_COMPLETION_CHANNEL_CAPACITY, 1..1 000 000
  /// TASKER_EVENT_RETENTION_MS, 0..2 592 000 000; how long durable events that all subscribers have
  /// passed are kept
  std::uint32_t event_retention_ms = 3'600'000;
};

/// Reads one variable of the environment; nullopt when unset. A parameter, so that tests own their
/// environment.
using Environment = std::function<std::optional<std::string>(const char* name)>;
/// The variables of this process. Threads: any, as long as none changes the environment.
Environment system_environment();

/// Reads and checks the settings: `json` over the environment over the defaults of Config.
///
/// json:        object with the members of Config in snake_case, or empty. Null is "not given". The
///              contract's bootstrap members (2.5) are read too: `namespace` (one namespace),
///              `database_url` (`sqlite:<path>`, sets store_path), `config_path` (has to be empty).
///              Unknown members are refused with a hint at the nearest name.
/// environment: an empty variable counts as unset. Checked like JSON, also where JSON is over it.
///
/// INVALID_CONFIG names the key, the value, where it came from and what was expected; UNSUPPORTED
/// for a database_url of another scheme. Either shows no more of such a URL than its scheme.
base::Result<Config> load_config(std::string_view json, const Environment& environment);

/// The members that load_config reads.
std::vector<std::string_view> setting_names();

}  // namespace tasker::config
