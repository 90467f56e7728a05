#include "doors/c/flat_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/json.h"
#include "doors/c/known_members.h"

namespace tasker::c {

using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kConfigName = "config_json";

bool is_given(const Members& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value && *value != "null" && *value != "\"\"";
}

bool is_set(const config::Environment& environment, const char* variable) {
  const auto value = environment(variable);
  return value && !value->empty();
}

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

/// Why a member alone is no configuration; nullopt when it is one.
std::optional<base::Error> problem_of(std::string_view name, const std::string& value) {
  const auto nothing = [](const char*) -> std::optional<std::string> { return std::nullopt; };
  const auto read = config::load_config(fmt::format("{{\"{}\":{}}}", name, value), nothing);
  if (read) return std::nullopt;
  return read.error();
}

class Reader {
 public:
  Reader(Members members, const config::Environment& environment)
      : members_(std::move(members)), environment_(environment) {}

  Result<FlatConfig> read() {
    if (!members_.unknown.empty()) warn_of_unknown();
    if (is_given(members_, "config_path"))
      warn("config_path is ignored: this library reads no configuration file");
    members_.remove("config_path");
    for (const char* name : {"worker_id", "namespace", "log_level"}) leave_out_unusable(name);
    // What the contract's clients send when nobody chose a namespace; the contract ignores it.
    if (const std::string* name = members_.find("namespace"); name && *name == R"("default")")
      members_.remove("namespace");
    if (auto chosen = choose_store(); !chosen) return fail(chosen.error());
    // `namespaces` says exactly which; `namespace` is all that a client of the contract can say.
    config_.adds_namespaces = !is_given(members_, "namespaces");
    if (!config_.adds_namespaces) members_.remove("namespace");
    config_.template_path = environment_("TASKER_TEMPLATE_PATH").value_or("");
    config_.json = members_.to_json();
    auto settings = config::load_config(config_.json, environment_);
    if (!settings) return fail(settings.error());
    config_.settings = std::move(*settings);
    return std::move(config_);
  }

 private:
  void warn(std::string text) { config_.warnings.push_back(std::move(text)); }

  void warn_of_unknown() {
    std::string names;
    for (const std::string& name : members_.unknown)
      names += fmt::format("{}{}", names.empty() ? "" : ", ", base::shown(name));
    warn("members of the configuration are ignored: " + base::shown(names));
  }

  void leave_out_unusable(const char* name) {
    const std::string* value = members_.find(name);
    if (!value) return;
    const auto problem = is_given(members_, name) ? problem_of(name, *value) : std::nullopt;
    if (problem) warn(problem->message + "; ignored");
    if (problem || !is_given(members_, name)) members_.remove(name);
  }

  /// A store that cannot be had is refused, unless ours is named: a worker on another store than
  /// the one that its user means would run nothing, in silence.
  Status choose_store() {
    const bool store_named =
        is_given(members_, "store_path") || is_set(environment_, "TASKER_STORE");
    if (is_given(members_, "database_url")) {
      const std::string url = *members_.find("database_url");
      const auto problem = problem_of("database_url", url);
      if (problem && !store_named) return fail(hint(*problem));
      if (problem) warn(problem->message + "; ignored, since the store is named otherwise");
      if (problem || is_given(members_, "store_path")) members_.remove("database_url");
      return {};
    }
    members_.remove("database_url");
    if (store_named || !is_set(environment_, "DATABASE_URL")) {
      if (store_named && is_set(environment_, "DATABASE_URL"))
        warn("DATABASE_URL is ignored, since the store is named otherwise");
      return {};
    }
    const std::string url = quoted(*environment_("DATABASE_URL"));
    if (auto problem = problem_of("database_url", url)) {
      problem->message += " (the value of DATABASE_URL)";
      return fail(hint(*problem));
    }
    members_.set("database_url", url);
    return {};
  }

  static base::Error hint(base::Error problem) {
    problem.message += "; set TASKER_STORE to the path of the store file, and it is ignored";
    return problem;
  }

  Members members_;
  const config::Environment& environment_;
  FlatConfig config_;
};

}  // namespace

Result<FlatConfig> read_flat_config(std::string_view json, const config::Environment& environment) {
  if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) json = "{}";
  auto members = read_members(json, kConfigName, config::setting_names());
  if (!members) return fail(members.error());
  return Reader(std::move(*members), environment).read();
}

std::string with_namespaces(const FlatConfig& config, const std::vector<std::string>& namespaces) {
  auto members = read_members(config.json, kConfigName, config::setting_names());
  if (!members) return config.json;
  std::vector<std::string> all = config.settings.namespaces;
  for (const std::string& name : namespaces)
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  std::string list;
  for (const std::string& name : all)
    list += fmt::format("{}{}", list.empty() ? "[" : ",", quoted(name));
  list += ']';
  members->remove("namespace");
  members->set("namespaces", list);
  return members->to_json();
}

}  // namespace tasker::c
