#include "core/events/event_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/nearest_name.h"
#include "core/events/event_pattern.h"

namespace tasker::events {

using base::ErrorCode;
using base::fail;

base::Status EventType::check_payload(std::string_view payload) const {
  if (schema_text_.empty()) return {};
  if (!has_compiled_.load()) {
    if (auto compiled = compile(); !compiled) return compiled;
  }
  const auto mismatches = schema_->validate(payload);
  if (mismatches.empty()) return {};
  const base::SchemaMismatch& first = mismatches.front();
  return fail(ErrorCode::kINVALID_ARGUMENT,
              fmt::format("payload of {}: {}{}{}", name_, first.path,
                          first.path.empty() ? "" : ": ", first.reason),
              first.path);
}

base::Status EventType::compile() const {
  base::Lock lock(mutex_);
  if (has_compiled_.load()) return {};
  auto compiled = base::JsonSchema::compile(schema_text_);
  if (!compiled) return fail(std::move(compiled.error()));
  schema_ = std::move(*compiled);
  has_compiled_ = true;
  return {};
}

base::Result<EventType*> EventRegistry::add_event(std::string_view name, std::string_view schema,
                                                  SchemaUse use) {
  if (auto checked = check_event_name(name); !checked) return fail(checked.error());
  std::optional<base::JsonSchema> compiled;
  if (!schema.empty() && use == SchemaUse::kCompileNow) {
    auto result = base::JsonSchema::compile(schema);
    if (!result) return fail(std::move(result.error()));
    compiled = std::move(*result);
  }
  base::Lock lock(mutex_);
  if (EventType* const known = find_locked(name); known != nullptr) {
    if (known->schema_text() == schema) return known;
    return fail(ErrorCode::kINVALID_STATE,
                fmt::format("event {} is registered already, with another schema", name), "name");
  }
  if (events_.size() >= limits_.events_max) {
    return fail(ErrorCode::kFULL, fmt::format("a bus has at most {} events", limits_.events_max));
  }
  auto type =
      std::make_unique<EventType>(std::string(name), std::string(schema), std::move(compiled));
  EventType* const added = type.get();
  added->exchange_plan(plan_for(name));
  events_.emplace(name, std::move(type));
  return added;
}

base::Result<EventType*> EventRegistry::find_event(std::string_view name) const {
  base::Lock lock(mutex_);
  if (EventType* const found = find_locked(name); found != nullptr) return found;
  std::vector<std::string_view> names;
  names.reserve(events_.size());
  for (const auto& entry : events_) names.push_back(entry.first);
  const auto nearest = base::nearest_name(name, names);
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("event \"{}\" is not registered{}", base::shown(name),
                          nearest ? fmt::format("; did you mean {}?", *nearest) : ""),
              "name");
}

std::vector<const EventType*> EventRegistry::list_events() const {
  base::Lock lock(mutex_);
  std::vector<const EventType*> listed;
  listed.reserve(events_.size());
  for (const auto& entry : events_) listed.push_back(entry.second.get());
  return listed;
}

base::Status EventRegistry::add_subscriber(std::shared_ptr<const Subscriber> subscriber) {
  std::vector<std::shared_ptr<const EventPlan>> replaced;
  base::Lock lock(mutex_);
  const std::string& pattern = subscriber->state->pattern;
  if (auto checked = check_pattern_locked(pattern); !checked) return checked;
  if (subscribers_.size() >= limits_.subscribers_max) {
    return fail(ErrorCode::kFULL,
                fmt::format("a bus has at most {} subscribers", limits_.subscribers_max));
  }
  subscribers_.push_back(std::move(subscriber));
  update_plans(pattern, replaced);
  return {};
}

void EventRegistry::remove(const SubscriptionState& state) {
  std::vector<std::shared_ptr<const EventPlan>> replaced;
  std::shared_ptr<const Subscriber> removed;
  base::Lock lock(mutex_);
  const auto found = std::ranges::find_if(
      subscribers_, [&](const auto& subscriber) { return subscriber->state.get() == &state; });
  if (found == subscribers_.end()) return;
  removed = std::move(*found);
  subscribers_.erase(found);
  update_plans(state.pattern, replaced);
}

base::Status EventRegistry::add_middleware(std::string_view pattern, Middleware middleware) {
  std::vector<std::shared_ptr<const EventPlan>> replaced;
  auto shared = std::make_shared<const Middleware>(std::move(middleware));
  base::Lock lock(mutex_);
  if (auto checked = check_pattern_locked(pattern); !checked) return checked;
  if (middleware_.size() >= limits_.middleware_max) {
    return fail(ErrorCode::kFULL,
                fmt::format("a bus has at most {} middleware", limits_.middleware_max));
  }
  middleware_.push_back({std::string(pattern), std::move(shared)});
  update_plans(pattern, replaced);
  return {};
}

std::vector<std::shared_ptr<const Subscriber>> EventRegistry::list_subscribers() const {
  base::Lock lock(mutex_);
  return subscribers_;
}

EventType* EventRegistry::find_locked(std::string_view name) const {
  const auto found = events_.find(name);
  return found != events_.end() ? found->second.get() : nullptr;
}

base::Status EventRegistry::check_pattern_locked(std::string_view pattern) const {
  if (auto checked = check_event_pattern(pattern); !checked) return checked;
  if (is_wildcard(pattern) || find_locked(pattern) != nullptr) return {};
  return fail(ErrorCode::kNOT_FOUND, fmt::format("event \"{}\" is not registered", pattern),
              "pattern");
}

std::shared_ptr<const EventPlan> EventRegistry::plan_for(std::string_view name) const {
  auto plan = std::make_shared<EventPlan>();
  for (const auto& entry : middleware_) {
    if (event_matches(entry.pattern, name)) plan->middleware.push_back(entry.middleware);
  }
  for (const auto& subscriber : subscribers_) {
    if (event_matches(subscriber->state->pattern, name)) plan->subscribers.push_back(subscriber);
  }
  return plan;
}

void EventRegistry::update_plans(std::string_view pattern,
                                 std::vector<std::shared_ptr<const EventPlan>>& replaced) {
  if (!is_wildcard(pattern)) {
    replaced.push_back(find_locked(pattern)->exchange_plan(plan_for(pattern)));
    return;
  }
  for (const auto& [name, type] : events_) {
    if (event_matches(pattern, name)) replaced.push_back(type->exchange_plan(plan_for(name)));
  }
}

}  // namespace tasker::events
