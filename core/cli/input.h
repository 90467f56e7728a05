// What the command line is given: files, standard input, keys of templates.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tasker::cli {

/// Name of standard input in the place of a file.
inline constexpr std::string_view kStandardInput = "-";

/// The whole text of a file, or of standard input for `-`. TOO_LARGE over `bytes_max`, before a
/// regular file is read; NOT_FOUND; INVALID_ARGUMENT for a folder or a file that can not be read.
base::Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

/// Template files for what was named: files and `-` as they are, folders as all *.yaml and *.yml
/// below them, sorted. NOT_FOUND for a name that is neither, or a folder without any.
base::Result<std::vector<std::string>> find_template_files(const std::vector<std::string>& paths);

/// NAMESPACE/NAME[:VERSION]; without a namespace, `default`.
struct TemplateKey {
  std::string namespace_name = "default";
  std::string name;
  std::string version;  ///< empty: the version added last
};

/// INVALID_ARGUMENT when a part is empty.
base::Result<TemplateKey> parse_template_key(std::string_view text);

}  // namespace tasker::cli
