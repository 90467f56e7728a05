#include "doors/c/flat_templates.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "core/engine/template_yaml.h"

namespace tasker::c {

using base::LogLevel;

namespace {

// A path that leads nowhere or in circles must not keep the worker from starting.
constexpr std::size_t kFilesMax = 10'000;

bool is_yaml(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml";
}

std::vector<std::string> find_files(const std::string& path, base::Logger& logger) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  if (fs::is_regular_file(path, error)) return {path};
  fs::recursive_directory_iterator entries(path, fs::directory_options::skip_permission_denied,
                                           error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    if (files.size() < kFilesMax && is_yaml(entries->path()) && entries->is_regular_file(ignored))
      files.push_back(entries->path().string());
  }
  if (error)
    logger.log(LogLevel::kError, "worker", "TASKER_TEMPLATE_PATH cannot be read",
               {{"path", std::string_view(path)}, {"error", std::string_view(error.message())}});
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<std::string> read_file(const std::string& path) {
  const std::size_t bytes_max = engine::TemplateLimits().bytes_max;
  std::ifstream file(path, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

std::vector<TemplateFile> read_template_files(const std::string& path, base::Logger& logger) {
  std::vector<TemplateFile> read;
  for (const std::string& file : find_files(path, logger)) {
    const auto text = read_file(file);
    if (!text) {
      logger.log(LogLevel::kError, "worker", "a template file cannot be read",
                 {{"path", std::string_view(file)}});
      continue;
    }
    engine::TemplateLimits limits;
    limits.ignores_unknown_fields = true;
    auto report = engine::read_template_yaml(*text, limits);
    for (const engine::TemplateProblem& field : report.ignored)
      logger.log(LogLevel::kWarn, "worker", "an unknown field of a template is ignored",
                 {{"path", std::string_view(file)},
                  {"line", std::int64_t{field.line}},
                  {"field", std::string_view(field.field)}});
    if (!report.body) {
      const base::Error error = engine::template_error(report, file);
      logger.log(LogLevel::kError, "worker", "a template is left out",
                 {{"path", std::string_view(file)}, {"error", std::string_view(error.message)}});
      continue;
    }
    read.push_back({file, std::move(*report.body)});
  }
  return read;
}

}  // namespace tasker::c
