// The configuration of the flat names' worker: what a client of the contract says, as ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/config/config.h"

namespace tasker::c {

struct FlatConfig {
  std::string json;           ///< what tasker_worker_open gets
  config::Config settings;    ///< the same, read
  std::string template_path;  ///< TASKER_TEMPLATE_PATH, or empty
  std::vector<std::string> warnings;
  /// Whether templates add their namespaces to those that the worker takes.
  bool adds_namespaces = false;
};

/// Reads `json`, an object or nothing. Members that are unknown are left out with a warning, and so
/// are the contract's own when their value cannot be used, but for a store that is not SQLite.
/// INVALID_JSON, INVALID_CONFIG, UNSUPPORTED.
base::Result<FlatConfig> read_flat_config(std::string_view json,
                                          const config::Environment& environment);

/// `config.json` with `namespaces` besides those that it has.
std::string with_namespaces(const FlatConfig& config, const std::vector<std::string>& namespaces);

}  // namespace tasker::c
