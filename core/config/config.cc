#include "core/config/config.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "core/base/json.h"
#include "core/base/nearest_name.h"

namespace tasker::config {
namespace {

using base::ErrorCode;
using base::Status;
using simdjson::ondemand::json_type;
using simdjson::ondemand::value;

constexpr base::JsonLimits kJsonLimits{.bytes_max = 1U << 20, .depth_max = 16};
constexpr std::string_view kFromJson = "the JSON configuration";
constexpr std::size_t kWorkerIdBytesMax = 255;
constexpr std::size_t kNamespaceBytesMax = 29;
constexpr std::size_t kStorePathBytesMax = 4096;

/// One setting as it was given, by whichever way.
struct Given {
  std::string_view key;     ///< name of the member of Config
  std::string_view origin;  ///< the variable, or kFromJson
  std::string_view text;    ///< the value; for JSON values that are not strings, as written
};

tl::unexpected<base::Error> refuse(const Given& given, std::string_view expected,
                                   ErrorCode code = ErrorCode::kINVALID_CONFIG) {
  return base::fail(code,
                    std::string(given.key) + " is `" + base::shown(given.text) + "` (from " +
                        std::string(given.origin) + "); expected " + std::string(expected),
                    std::string(given.key));
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

bool is_namespace(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && text.size() <= kNamespaceBytesMax && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Status set_store_path(Config& config, const Given& given) {
  if (given.text.empty() || given.text.size() > kStorePathBytesMax ||
      given.text.find('\0') != std::string_view::npos) {
    return refuse(given, "the path of the store file, 1 to 4096 bytes");
  }
  config.store_path = given.text;
  return {};
}

Status set_durability(Config& config, const Given& given) {
  if (given.text != "full" && given.text != "normal") return refuse(given, "full or normal");
  config.durability = given.text;
  return {};
}

Status set_worker_id(Config& config, const Given& given) {
  if (given.text.size() > kWorkerIdBytesMax || has_control_characters(given.text) ||
      !simdjson::validate_utf8(given.text)) {
    return refuse(given, "at most 255 bytes of UTF-8 without control characters");
  }
  config.worker_id = given.text;
  return {};
}

Status set_log_level(Config& config, const Given& given) {
  const auto level = base::parse_log_level(given.text);
  if (!level) return refuse(given, "trace, debug, info, warn, error or off");
  config.log_level = *level;
  return {};
}

Status add_namespace(Config& config, const Given& given) {
  if (!is_namespace(given.text)) {
    return refuse(given, "a namespace: 1 to 29 letters, digits and `_`, no digit in front");
  }
  if (std::find(config.namespaces.begin(), config.namespaces.end(), given.text) !=
      config.namespaces.end()) {
    return refuse(given, "each namespace once");
  }
  config.namespaces.emplace_back(given.text);
  return {};
}

/// The contract's spelling for a worker of one namespace (2.5).
Status set_one_namespace(Config& config, const Given& given) {
  config.namespaces.clear();
  return add_namespace(config, given);
}

/// The contract's spelling of the store (2.5). A URL may hold a password, so errors show its scheme
/// alone.
Status set_database_url(Config& config, const Given& given) {
  constexpr std::string_view kExpected = "sqlite:<path>; this version keeps its store in SQLite";
  if (given.text.empty()) return {};
  const std::size_t colon = given.text.find(':');
  if (colon == std::string_view::npos) return refuse(given, kExpected);
  Given part = given;
  part.text = given.text.substr(0, colon + 1);
  if (part.text != "sqlite:") return refuse(part, kExpected, ErrorCode::kUNSUPPORTED);
  part.text = given.text.substr(colon + 1);
  if (part.text.starts_with("//")) part.text.remove_prefix(2);
  if (part.text.find('?') != std::string_view::npos) {
    return refuse(given, "sqlite:<path> without parameters after `?`");
  }
  return set_store_path(config, part);
}

Status set_config_path(Config&, const Given& given) {
  if (given.text.empty()) return {};
  return refuse(given,
                "null or nothing: this version reads no configuration file, only the JSON "
                "configuration and TASKER_ variables");
}

struct TextSetting {
  std::string_view name;
  const char* variable;  ///< null where the environment has no say
  Status (*set)(Config& config, const Given& given);
};

constexpr std::array<TextSetting, 7> kTexts = {{
    {"store_path", "TASKER_STORE", set_store_path},
    {"durability", "TASKER_DURABILITY", set_durability},
    {"worker_id", "TASKER_WORKER_ID", set_worker_id},
    {"log_level", "TASKER_LOG_LEVEL", set_log_level},
    {"namespace", nullptr, set_one_namespace},
    {"database_url", nullptr, set_database_url},
    {"config_path", nullptr, set_config_path},
}};

struct NumberSetting {
  std::string_view name;
  const char* variable;  ///< as above
  std::uint32_t Config::*member;
  std::uint32_t min;
  std::uint32_t max;
};

constexpr std::array<NumberSetting, 9> kNumbers = {{
    {"max_concurrent_handlers", "TASKER_MAX_CONCURRENT_HANDLERS", &Config::max_concurrent_handlers,
     1, 100'000},
    {"threads_room", nullptr, &Config::threads_room, 0, 100'000},
    {"process_room", nullptr, &Config::process_room, 0, 100'000},
    {"handler_timeout_ms", "TASKER_HANDLER_TIMEOUT_MS", &Config::handler_timeout_ms, 1, 86'400'000},
    {"lease_ttl_ms", "TASKER_LEASE_TTL_MS", &Config::lease_ttl_ms, 100, 3'600'000},
    {"drain_timeout_ms", "TASKER_DRAIN_TIMEOUT_MS", &Config::drain_timeout_ms, 0, 3'600'000},
    {"result_bytes_max", "TASKER_RESULT_BYTES_MAX", &Config::result_bytes_max, 1024, 1'073'741'824},
    {"completion_channel_capacity", "TASKER_COMPLETION_CHANNEL_CAPACITY",
     &Config::completion_channel_capacity, 1, 1'000'000},
    {"event_retention_ms", "TASKER_EVENT_RETENTION_MS", &Config::event_retention_ms, 0,
     2'592'000'000},
}};

constexpr std::string_view kNamespaces = "namespaces";
constexpr const char* kNamespacesVariable = "TASKER_NAMESPACE";
constexpr std::string_view kLogJson = "log_json";
constexpr const char* kLogJsonVariable = "TASKER_LOG_JSON";

/// Digits only: no sign, no white space, no exponent, in JSON as in a variable.
Status set_number(Config& config, const NumberSetting& setting, const Given& given) {
  std::uint32_t number = 0;
  const char* end = given.text.data() + given.text.size();
  const auto [stop, error] = std::from_chars(given.text.data(), end, number);
  if (error != std::errc() || stop != end || number < setting.min || number > setting.max) {
    return refuse(given, "a whole number from " + std::to_string(setting.min) + " to " +
                             std::to_string(setting.max));
  }
  config.*setting.member = number;
  return {};
}

Status apply_environment(Config& config, const Environment& environment) {
  const auto read = [&environment](const char* variable) -> std::optional<std::string> {
    auto text = variable == nullptr ? std::nullopt : environment(variable);
    if (text && text->empty()) return std::nullopt;
    return text;
  };
  for (const TextSetting& setting : kTexts) {
    const auto text = read(setting.variable);
    if (!text) continue;
    Status set = setting.set(config, {setting.name, setting.variable, *text});
    if (!set) return set;
  }
  for (const NumberSetting& setting : kNumbers) {
    const auto text = read(setting.variable);
    if (!text) continue;
    Status set = set_number(config, setting, {setting.name, setting.variable, *text});
    if (!set) return set;
  }
  if (const auto text = read(kLogJsonVariable)) {
    if (*text != "0" && *text != "1") return refuse({kLogJson, kLogJsonVariable, *text}, "0 or 1");
    config.log_json = *text == "1";
  }
  if (const auto text = read(kNamespacesVariable)) {
    std::string_view rest = *text;
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      more = comma != std::string_view::npos;
      Status added =
          add_namespace(config, {kNamespaces, kNamespacesVariable, rest.substr(0, comma)});
      if (!added) return added;
      rest.remove_prefix(more ? comma + 1 : rest.size());
    }
  }
  return {};
}

tl::unexpected<base::Error> refuse_unknown(std::string_view name) {
  const std::vector<std::string_view> known = setting_names();
  const std::string key = base::shown(name);
  std::string message = "`" + key + "` (from " + std::string(kFromJson) + ") is not a setting; ";
  if (const auto nearest = base::nearest_name(name, known)) {
    message += "did you mean `" + std::string(*nearest) + "`?";
  } else {
    message += "expected one of ";
    for (std::size_t i = 0; i < known.size(); ++i) {
      message += (i == 0 ? "" : ", ") + std::string(known[i]);
    }
  }
  return base::fail(ErrorCode::kINVALID_CONFIG, std::move(message), key);
}

std::string_view raw_text(value& from) {
  std::string_view raw;
  if (simdjson::to_json_string(from).get(raw) != simdjson::SUCCESS) return {};
  return raw;
}

/// Reads the JSON configuration, one object of scalars and one list.
class JsonReader {
 public:
  explicit JsonReader(Config& config) : config_(config) {}

  Status read(simdjson::ondemand::object& members) {
    for (auto member : members) {
      std::string_view name;
      value content;
      json_type type{};
      if (member.unescaped_key().get(name) != simdjson::SUCCESS ||
          member.value().get(content) != simdjson::SUCCESS ||
          content.type().get(type) != simdjson::SUCCESS) {
        return base::fail(ErrorCode::kINVALID_CONFIG,
                          "the JSON configuration has a member that can not be read");
      }
      // The parser keeps the name in a buffer that the value's text may move into next.
      const std::string key(name);
      if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) {
        return refuse({key, kFromJson, raw_text(content)}, "each setting once");
      }
      seen_.push_back(key);
      Status set = set_member(key, type, content);
      if (!set) return set;
    }
    Status alone = refuse_both("namespace", kNamespaces);
    return alone ? refuse_both("database_url", "store_path") : alone;
  }

 private:
  Status set_member(const std::string& key, json_type type, value& content) {
    for (const TextSetting& setting : kTexts) {
      if (setting.name == key) return set_text(setting, type, content);
    }
    for (const NumberSetting& setting : kNumbers) {
      if (setting.name != key) continue;
      if (is_given(type)) return set_number(config_, setting, {key, kFromJson, raw_text(content)});
      return {};
    }
    if (key == kLogJson) return set_log_json(type, content);
    if (key == kNamespaces) return set_namespaces(type, content);
    return refuse_unknown(key);
  }

  /// JSON null is "not given"; what is not given does not count as seen.
  bool is_given(json_type type) {
    if (type == json_type::null) seen_.pop_back();
    return type != json_type::null;
  }

  Status set_text(const TextSetting& setting, json_type type, value& content) {
    if (!is_given(type)) return {};
    std::string_view text;
    if (type != json_type::string || content.get_string().get(text) != simdjson::SUCCESS) {
      return refuse({setting.name, kFromJson, raw_text(content)}, "a string");
    }
    return setting.set(config_, {setting.name, kFromJson, text});
  }

  Status set_log_json(json_type type, value& content) {
    if (!is_given(type)) return {};
    if (type != json_type::boolean) {
      return refuse({kLogJson, kFromJson, raw_text(content)}, "true or false");
    }
    config_.log_json = raw_text(content) == "true";
    return {};
  }

  Status set_namespaces(json_type type, value& content) {
    if (!is_given(type)) return {};
    simdjson::ondemand::array items;
    if (type != json_type::array || content.get_array().get(items) != simdjson::SUCCESS) {
      return refuse({kNamespaces, kFromJson, raw_text(content)}, "a list of namespaces");
    }
    config_.namespaces.clear();
    for (auto item : items) {
      std::string_view text;
      if (item.get_string().get(text) != simdjson::SUCCESS) {
        return refuse({kNamespaces, kFromJson, "a list with other values"}, "strings in the list");
      }
      Status added = add_namespace(config_, {kNamespaces, kFromJson, text});
      if (!added) return added;
    }
    return {};
  }

  Status refuse_both(std::string_view first, std::string_view second) {
    const auto given = [this](std::string_view name) {
      return std::find(seen_.begin(), seen_.end(), name) != seen_.end();
    };
    if (!given(first) || !given(second)) return {};
    return base::fail(ErrorCode::kINVALID_CONFIG,
                      std::string(first) + " and " + std::string(second) + " (from " +
                          std::string(kFromJson) + ") say the same; expected one of them",
                      std::string(first));
  }

  Config& config_;
  std::vector<std::string> seen_;
};

Status apply_json(Config& config, std::string_view json) {
  if (Status checked = base::check_json_object(json, kFromJson, kJsonLimits); !checked) {
    return base::fail(ErrorCode::kINVALID_CONFIG, std::move(checked.error().message));
  }
  const simdjson::padded_string padded(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object members;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(members) != simdjson::SUCCESS) {
    return base::fail(ErrorCode::kINVALID_CONFIG, "the JSON configuration can not be read");
  }
  return JsonReader(config).read(members);
}

}  // namespace

Environment system_environment() {
  return [](const char* name) -> std::optional<std::string> {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the header forbids changes at the same time
    const char* text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    return std::string(text);
  };
}

std::vector<std::string_view> setting_names() {
  std::vector<std::string_view> names = {kNamespaces, kLogJson};
  for (const TextSetting& setting : kTexts) names.push_back(setting.name);
  for (const NumberSetting& setting : kNumbers) names.push_back(setting.name);
  return names;
}

base::Result<Config> load_config(std::string_view json, const Environment& environment) {
  Config config;
  if (Status applied = apply_environment(config, environment); !applied) {
    return base::fail(std::move(applied.error()));
  }
  if (json.empty()) return config;
  if (Status applied = apply_json(config, json); !applied) {
    return base::fail(std::move(applied.error()));
  }
  return config;
}

}  // namespace tasker::config
