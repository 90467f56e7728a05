// The reader. A store file is outside input: the text is checked as a whole first, then each object
// against the table of its members.
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/model/template_json.h"

namespace tasker::model {
namespace {

using base::ErrorCode;
using base::Status;
using simdjson::ondemand::json_type;
using simdjson::ondemand::value;

/// No text that the writer made may be refused for its size: a value of SQLite ends at 10^9 bytes,
/// and what a template embeds is nested to at most JsonLimits::depth_max levels.
constexpr base::JsonLimits kStoredLimits{.bytes_max = 1'000'000'000, .depth_max = 256};

tl::unexpected<base::Error> refuse(const std::string& path, std::string_view what) {
  return base::fail(ErrorCode::kINVALID_TEMPLATE, path + " " + std::string(what), path);
}

tl::unexpected<base::Error> refuse_value(const std::string& path, std::string_view given,
                                         std::string_view expected) {
  return refuse(path, "is `" + base::shown(given) + "`; expected " + std::string(expected));
}

/// The text of a value as written, without the white space around it.
std::string_view raw_text(value& from) {
  std::string_view raw;
  if (simdjson::to_json_string(from).get(raw) != simdjson::SUCCESS) return {};
  return raw;
}

bool has_type(value& from, json_type wanted) {
  json_type type{};
  return from.type().get(type) == simdjson::SUCCESS && type == wanted;
}

Status read_string(value& from, const std::string& path, std::string& into) {
  std::string_view text;
  if (!has_type(from, json_type::string) || from.get_string().get(text) != simdjson::SUCCESS) {
    return refuse_value(path, raw_text(from), "a string");
  }
  into = text;
  return {};
}

Status read_string(value& from, const std::string& path, std::optional<std::string>& into) {
  return read_string(from, path, into.emplace());
}

Status read_number(value& from, const std::string& path, std::uint32_t& into) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t number = 0;
  if (!has_type(from, json_type::number) || from.get_uint64().get(number) != simdjson::SUCCESS ||
      number > kMax) {
    return refuse_value(path, raw_text(from), "a whole number from 0 to 4294967295");
  }
  into = static_cast<std::uint32_t>(number);
  return {};
}

Status read_number(value& from, const std::string& path, std::optional<std::uint32_t>& into) {
  return read_number(from, path, into.emplace());
}

Status read_bool(value& from, const std::string& path, bool& into) {
  if (!has_type(from, json_type::boolean) || from.get_bool().get(into) != simdjson::SUCCESS) {
    return refuse_value(path, raw_text(from), "true or false");
  }
  return {};
}

Status read_json_object(value& from, const std::string& path, std::string& into) {
  if (!has_type(from, json_type::object)) return refuse_value(path, raw_text(from), "an object");
  into = raw_text(from);
  return {};
}

template <class Enum>
Status read_name(value& from, const std::string& path,
                 std::optional<Enum> (*parse)(std::string_view), std::string_view expected,
                 Enum& into) {
  std::string name;
  if (Status read = read_string(from, path, name); !read) return read;
  const std::optional<Enum> parsed = parse(name);
  if (!parsed) return refuse_value(path, name, expected);
  into = *parsed;
  return {};
}

template <class Item>
Status read_list(value& from, const std::string& path,
                 Status (*read_item)(value&, const std::string&, Item&), std::vector<Item>& into) {
  simdjson::ondemand::array items;
  if (!has_type(from, json_type::array) || from.get_array().get(items) != simdjson::SUCCESS) {
    return refuse_value(path, raw_text(from), "a list");
  }
  for (auto item : items) {
    value one;
    if (item.get(one) != simdjson::SUCCESS) return refuse(path, "can not be read");
    const std::string item_path = path + "[" + std::to_string(into.size()) + "]";
    if (Status read = read_item(one, item_path, into.emplace_back()); !read) return read;
  }
  return {};
}

template <class Object>
struct Member {
  std::string_view name;
  bool required;
  Status (*read)(value& from, const std::string& path, Object& into);
};

/// Reads an object that has each required member of the table, each at most once, and no others.
template <class Object, std::size_t kCount>
Status read_members(simdjson::ondemand::object& from, const std::string& path,
                    const std::array<Member<Object>, kCount>& table, Object& into) {
  const auto path_of = [&path](std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  };
  const std::string object_path = path.empty() ? "template" : path;
  std::array<bool, kCount> seen{};
  for (auto field : from) {
    std::string_view name;
    value content;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) {
      return refuse(object_path, "has a member whose name can not be read");
    }
    const std::string member_path = path_of(name);
    std::size_t index = 0;
    while (index < kCount && table[index].name != name) ++index;
    if (index == kCount) {
      return refuse(object_path, "has the unknown member `" + base::shown(name) + "`");
    }
    if (seen[index]) return refuse(member_path, "is given twice");
    seen[index] = true;
    if (field.value().get(content) != simdjson::SUCCESS) {
      return refuse(member_path, "can not be read");
    }
    if (Status read = table[index].read(content, member_path, into); !read) return read;
  }
  for (std::size_t i = 0; i < kCount; ++i) {
    if (table[i].required && !seen[i]) return refuse(path_of(table[i].name), "is missing");
  }
  return {};
}

template <class Object, std::size_t kCount>
Status read_object(value& from, const std::string& path,
                   const std::array<Member<Object>, kCount>& table, Object& into) {
  simdjson::ondemand::object members;
  if (!has_type(from, json_type::object) || from.get_object().get(members) != simdjson::SUCCESS) {
    return refuse_value(path, raw_text(from), "an object");
  }
  return read_members(members, path, table, into);
}

using Path = const std::string&;

constexpr std::array<Member<HandlerSpec>, 4> kHandlerMembers = {{
    {"callable", true,
     [](value& from, Path path, HandlerSpec& into) {
       return read_string(from, path, into.callable);
     }},
    {"method", false,
     [](value& from, Path path, HandlerSpec& into) {
       return read_string(from, path, into.method);
     }},
    {"resolver", false,
     [](value& from, Path path, HandlerSpec& into) {
       return read_string(from, path, into.resolver);
     }},
    {"initialization", true,
     [](value& from, Path path, HandlerSpec& into) {
       return read_json_object(from, path, into.initialization_json);
     }},
}};

constexpr std::array<Member<RetryPolicy>, 5> kRetryMembers = {{
    {"retryable", true,
     [](value& from, Path path, RetryPolicy& into) {
       return read_bool(from, path, into.retryable);
     }},
    {"max_attempts", true,
     [](value& from, Path path, RetryPolicy& into) {
       return read_number(from, path, into.max_attempts);
     }},
    {"backoff", true,
     [](value& from, Path path, RetryPolicy& into) {
       return read_name(from, path, parse_backoff, "none, fixed, linear, exponential or fibonacci",
                        into.backoff);
     }},
    {"backoff_base_ms", false,
     [](value& from, Path path, RetryPolicy& into) {
       return read_number(from, path, into.backoff_base_ms);
     }},
    {"max_backoff_ms", false,
     [](value& from, Path path, RetryPolicy& into) {
       return read_number(from, path, into.max_backoff_ms);
     }},
}};

constexpr std::array<Member<PublishedEvent>, 6> kEventMembers = {{
    {"name", true,
     [](value& from, Path path, PublishedEvent& into) {
       return read_string(from, path, into.name);
     }},
    {"description", true,
     [](value& from, Path path, PublishedEvent& into) {
       return read_string(from, path, into.description);
     }},
    {"condition", true,
     [](value& from, Path path, PublishedEvent& into) {
       return read_string(from, path, into.condition);
     }},
    {"schema", true,
     [](value& from, Path, PublishedEvent& into) {
       into.schema_json = raw_text(from);
       return Status();
     }},
    {"delivery_mode", true,
     [](value& from, Path path, PublishedEvent& into) {
       return read_string(from, path, into.delivery_mode);
     }},
    {"publisher", false,
     [](value& from, Path path, PublishedEvent& into) {
       return read_string(from, path, into.publisher);
     }},
}};

constexpr std::array<Member<BatchConfig>, 5> kBatchMembers = {{
    {"batch_size", true,
     [](value& from, Path path, BatchConfig& into) {
       return read_number(from, path, into.batch_size);
     }},
    {"parallelism", true,
     [](value& from, Path path, BatchConfig& into) {
       return read_number(from, path, into.parallelism);
     }},
    {"cursor_field", true,
     [](value& from, Path path, BatchConfig& into) {
       return read_string(from, path, into.cursor_field);
     }},
    {"worker_template", true,
     [](value& from, Path path, BatchConfig& into) {
       return read_string(from, path, into.worker_template);
     }},
    {"failure_strategy", true,
     [](value& from, Path path, BatchConfig& into) {
       return read_string(from, path, into.failure_strategy);
     }},
}};

constexpr std::array<Member<StepTemplate>, 10> kStepMembers = {{
    {"name", true,
     [](value& from, Path path, StepTemplate& into) { return read_string(from, path, into.name); }},
    {"description", false,
     [](value& from, Path path, StepTemplate& into) {
       return read_string(from, path, into.description);
     }},
    {"type", true,
     [](value& from, Path path, StepTemplate& into) {
       return read_name(from, path, parse_step_type,
                        "standard, decision, deferred_convergence, batchable or batch_worker",
                        into.type);
     }},
    {"handler", true,
     [](value& from, Path path, StepTemplate& into) {
       return read_object(from, path, kHandlerMembers, into.handler);
     }},
    {"system_dependency", false,
     [](value& from, Path path, StepTemplate& into) {
       return read_string(from, path, into.system_dependency);
     }},
    {"dependencies", true,
     [](value& from, Path path, StepTemplate& into) {
       return read_list<std::string>(from, path, read_string, into.dependencies);
     }},
    {"retry", true,
     [](value& from, Path path, StepTemplate& into) {
       return read_object(from, path, kRetryMembers, into.retry);
     }},
    {"timeout_seconds", false,
     [](value& from, Path path, StepTemplate& into) {
       return read_number(from, path, into.timeout_seconds);
     }},
    {"publishes_events", true,
     [](value& from, Path path, StepTemplate& into) {
       return read_list<PublishedEvent>(
           from, path,
           [](value& item, Path item_path, PublishedEvent& event) {
             return read_object(item, item_path, kEventMembers, event);
           },
           into.publishes_events);
     }},
    {"batch_config", false,
     [](value& from, Path path, StepTemplate& into) {
       return read_object(from, path, kBatchMembers, into.batch_config.emplace());
     }},
}};

constexpr std::array<Member<TaskTemplate>, 8> kTemplateMembers = {{
    {"namespace_name", true,
     [](value& from, Path path, TaskTemplate& into) {
       return read_string(from, path, into.namespace_name);
     }},
    {"name", true,
     [](value& from, Path path, TaskTemplate& into) { return read_string(from, path, into.name); }},
    {"version", true,
     [](value& from, Path path, TaskTemplate& into) {
       return read_string(from, path, into.version);
     }},
    {"description", false,
     [](value& from, Path path, TaskTemplate& into) {
       return read_string(from, path, into.description);
     }},
    {"default_context", true,
     [](value& from, Path path, TaskTemplate& into) {
       return read_json_object(from, path, into.default_context_json);
     }},
    {"input_schema", false,
     [](value& from, Path, TaskTemplate& into) {
       into.input_schema_json = raw_text(from);
       return Status();
     }},
    {"steps", true,
     [](value& from, Path path, TaskTemplate& into) {
       return read_list<StepTemplate>(
           from, path,
           [](value& item, Path item_path, StepTemplate& step) {
             return read_object(item, item_path, kStepMembers, step);
           },
           into.steps);
     }},
    {"carried", true,
     [](value& from, Path path, TaskTemplate& into) {
       return read_json_object(from, path, into.carried_json);
     }},
}};

}  // namespace

base::Result<TaskTemplate> template_from_json(std::string_view json) {
  if (Status checked = base::check_json_object(json, "template", kStoredLimits); !checked) {
    return base::fail(ErrorCode::kINVALID_TEMPLATE, checked.error().message, "template");
  }
  const simdjson::padded_string padded(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object members;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(members) != simdjson::SUCCESS) {
    return refuse("template", "can not be read");
  }
  TaskTemplate body;
  if (Status read = read_members(members, {}, kTemplateMembers, body); !read) {
    return base::fail(std::move(read.error()));
  }
  return body;
}

}  // namespace tasker::model
