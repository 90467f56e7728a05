#include "doors/c/known_members.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/base/json.h"

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

auto find_member(auto& members, std::string_view name) {
  return std::find_if(members.begin(), members.end(),
                      [&](const auto& member) { return member.first == name; });
}

}  // namespace

const std::string* Members::find(std::string_view name) const {
  const auto found = find_member(known, name);
  return found == known.end() ? nullptr : &found->second;
}

void Members::remove(std::string_view name) {
  const auto found = find_member(known, name);
  if (found != known.end()) known.erase(found);
}

void Members::set(std::string_view name, std::string value) {
  const auto found = find_member(known, name);
  if (found != known.end())
    found->second = std::move(value);
  else
    known.emplace_back(name, std::move(value));
}

std::string Members::to_json() const {
  std::string out = "{";
  for (const auto& [name, value] : known) {
    if (out.size() > 1) out += ',';
    out += fmt::format("\"{}\":{}", name, value);
  }
  out += '}';
  return out;
}

Result<Members> read_members(std::string_view json, const char* name,
                             const std::vector<std::string_view>& known) {
  if (auto checked = base::check_json_object(json, name); !checked) return fail(checked.error());
  Members members;
  const simdjson::padded_string copy(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  const auto unreadable = [&] {
    return fail(ErrorCode::kINVALID_JSON, fmt::format("{} can not be read", name), name);
  };
  if (parser.iterate(copy).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS)
    return unreadable();
  for (auto member : object) {
    std::string_view key;
    std::string_view value;
    // A name that is not Unicode (half of a surrogate pair) is nobody's.
    const bool named = member.unescaped_key().get(key) == simdjson::SUCCESS;
    const std::string owned(named ? key : std::string_view("?"));
    if (simdjson::to_json_string(member.value()).get(value) != simdjson::SUCCESS)
      return unreadable();
    if (std::find(known.begin(), known.end(), owned) != known.end())
      members.set(owned, std::string(value));
    else
      members.unknown.push_back(owned);
  }
  return members;
}

}  // namespace tasker::c
