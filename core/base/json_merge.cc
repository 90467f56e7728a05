// Laying one JSON object over another without touching the text of their values.
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"
#include "core/base/json_text.h"

namespace tasker::base {
namespace {

using Member = JsonTextReader::Member;

bool has_members(std::string_view object) {
  Member member;
  return JsonTextReader(object).next(member);
}

}  // namespace

std::string merge_json_objects(std::string_view under, std::string_view over) {
  if (!has_members(under)) return std::string(over);
  if (!has_members(over)) return std::string(under);
  std::vector<Member> members;
  std::unordered_map<std::string, std::size_t> places;
  for (const std::string_view object : {under, over}) {
    JsonTextReader reader(object);
    for (Member member; reader.next(member);) {
      const auto [place, is_new] =
          places.try_emplace(json_string_value(member.name), members.size());
      if (is_new) {
        members.push_back(member);
      } else {
        members[place->second] = member;
      }
    }
  }
  std::string out;
  out.reserve(under.size() + over.size());
  for (const Member& member : members) {
    out += out.empty() ? '{' : ',';
    out += member.name;
    out += ':';
    out += member.value;
  }
  out += '}';
  return out;
}

}  // namespace tasker::base
