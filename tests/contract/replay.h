// Vectors, read from contract/vectors and replayed through a door.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tests/contract/door.h"
#include "tests/contract/json_value.h"
#include "tests/contract/schema_set.h"

namespace tasker::contract {

struct Vector {
  std::string subject;  ///< name of its file
  std::string name;
  JsonValue body;

  /// Whether the vector says that this door can replay it.
  bool is_for(std::string_view door) const;
};

/// All vectors of a folder. INVALID_ARGUMENT when two have the same name.
base::Result<std::vector<Vector>> load_vectors(const std::string& folder);

/// Replays vectors. Threads: one.
class Replayer {
 public:
  /// `folder` is that of the vectors. Borrows `schemas`.
  Replayer(std::string folder, const SchemaSet& schemas)
      : folder_(std::move(folder)), schemas_(schemas) {}

  /// Why `vector` does not go through `door` as it says, with the step; or an empty text.
  /// `door_name` is one of `flat` and `handle`.
  std::string replay(const Vector& vector, std::string_view door_name, Door& door,
                     const std::string& store_path) const;

 private:
  base::Result<Given> given(const JsonValue& vector, const std::string& store_path) const;
  std::string replay_step(const JsonValue& step, std::string_view door_name, Door& door,
                          Captures& captures) const;
  std::string judge(const JsonValue& step, std::string_view door_name, const Answer& answer,
                    Captures& captures) const;

  std::string folder_;
  const SchemaSet& schemas_;
};

}  // namespace tasker::contract
