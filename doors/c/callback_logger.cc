#include "doors/c/callback_logger.h"

#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <string>
#include <utility>
#include <variant>

#include "core/base/json.h"

namespace tasker::c {

using base::Lock;

namespace {

struct AppendValue {
  std::string& out;
  void operator()(std::string_view value) const { base::append_json_string(out, value); }
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(double value) const {
    out += std::isfinite(value) ? fmt::format("{}", value) : "null";
  }
  void operator()(bool value) const { out += value ? "true" : "false"; }
};

std::string fields_json(std::string_view component, std::span<const base::LogField> fields) {
  std::string out = R"({"component":)";
  base::append_json_string(out, component);
  for (const base::LogField& field : fields) {
    out += ',';
    base::append_json_string(out, field.name);
    out += ':';
    std::visit(AppendValue{out}, field.value);
  }
  out += '}';
  return out;
}

}  // namespace

void CallbackLogger::write(base::LogLevel level, std::string_view component,
                           std::string_view message, std::span<const base::LogField> fields) {
  // A line that the function itself brings about would wait for its own end.
  if (!enabled(level) || inside_callback()) return;
  try {
    const std::string text(message);
    const std::string json = fields_json(component, fields);
    const tasker_log_record record{sizeof(tasker_log_record), static_cast<std::int32_t>(level),
                                   text.c_str(), json.c_str()};
    Lock lock(mutex_);
    if (closed_) return;
    caller_ = std::this_thread::get_id();
    on_log_(data_.get(), &record);
    caller_ = std::thread::id();
  } catch (const std::exception&) {
    // Out of memory: the line is lost, the caller is not.
  }
}

void CallbackLogger::close() {
  UserData last;
  Lock lock(mutex_);
  closed_ = true;
  last = std::move(data_);
}

}  // namespace tasker::c
