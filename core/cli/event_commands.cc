// tasker event subscribers | dead | retry | drop | forget
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "core/base/json.h"
#include "core/cli/cli.h"
#include "core/cli/commands.h"
#include "core/cli/human.h"
#include "core/cli/store_access.h"
#include "core/cli/table.h"
#include "core/worker/json_members.h"
#include "core/worker/json_writer.h"

namespace tasker::cli {
namespace {

using store::sqlite::OpenMode;
using worker::TimeSpelling;

constexpr const char* kListSubscribers = "see the subscribers with `tasker event subscribers`";
constexpr const char* kListDead = "see the dead deliveries with `tasker event dead`";
constexpr std::uint32_t kListMax = 1000;

struct DeadOptions {
  std::string subscriber;
  std::uint32_t limit = 50;
  std::uint32_t offset = 0;
};

/// Which dead deliveries of a subscriber: one by its number, or all.
struct Chosen {
  std::string subscriber;
  std::optional<std::uint64_t> number;
  bool all = false;
};

std::string subscribers_document(const std::vector<store::SubscriberRecord>& subscribers) {
  std::string out;
  worker::JsonObject document(out);
  document.name("subscribers");
  worker::append_json_array(out, subscribers, [&](const store::SubscriberRecord& record) {
    worker::JsonObject object(out);
    object.text("subscriber", record.settings.name);
    object.raw("events", record.settings.patterns_json);
    object.flag("held", record.worker != model::WorkerId{});
    object.number("position", record.position);
    object.number("behind", record.behind);
    object.number("out", record.out);
    object.number("waiting", record.waiting);
    object.number("dead", record.dead);
    object.number("in_flight_max", record.settings.in_flight_max);
    object.number("max_attempts", record.settings.max_attempts);
    object.time("created_at", record.created_at_us, TimeSpelling::kTaskResponse);
    object.close();
  });
  document.close();
  return out;
}

int run_subscribers(Context& context) {
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  const auto subscribers = (*opened)->list_subscribers();
  if (!subscribers) return context.console.fail(subscribers.error());
  if (context.console.json()) {
    context.console.print_line(subscribers_document(*subscribers));
    return kExitOk;
  }
  if (subscribers->empty()) {
    context.console.note("no subscribers");
    return kExitOk;
  }
  Table table({{"SUBSCRIBER", false, true},
               {"EVENTS", false, true},
               {"HELD"},
               {"BEHIND", true},
               {"OUT", true},
               {"WAITING", true},
               {"DEAD", true}});
  for (const auto& record : *subscribers) {
    const bool is_held = record.worker != model::WorkerId{};
    table.add_row(
        {{printable(record.settings.name), Paint::kBold},
         {printable(record.settings.patterns_json)},
         {is_held ? "yes" : "no", is_held ? Paint::kGreen : Paint::kYellow},
         {fmt::format("{}", record.behind)},
         {fmt::format("{}", record.out)},
         {fmt::format("{}", record.waiting)},
         {fmt::format("{}", record.dead), record.dead > 0 ? Paint::kRed : Paint::kPlain}});
  }
  context.console.print(table.render(context.console));
  return kExitOk;
}

std::string dead_document(const store::DeadDeliveryPage& page,
                          const store::DeadDeliveryFilter& filter) {
  std::string out;
  worker::JsonObject document(out);
  document.number("total", page.total);
  document.number("limit", filter.limit);
  document.number("offset", filter.offset);
  document.name("dead");
  worker::append_json_array(out, page.deliveries, [&](const store::DeadDelivery& dead) {
    worker::JsonObject object(out);
    object.text("subscriber", dead.subscriber);
    object.number("number", dead.number);
    object.uuid("event_id", dead.stored.event.event_id);
    object.text("event_name", dead.stored.event.name);
    object.uuid("task_uuid", dead.task_uuid);
    object.uuid("step_uuid", base::derive_uuid(dead.task_uuid, dead.stored.step.index));
    object.number("attempts", dead.attempts);
    object.time("fired_at", dead.stored.event.fired_at_us, TimeSpelling::kTaskResponse);
    object.time("ended_at", dead.ended_at_us, TimeSpelling::kTaskResponse);
    object.raw("error", dead.error_json);
    object.close();
  });
  document.close();
  return out;
}

int run_dead(Context& context, const DeadOptions& options) {
  store::DeadDeliveryFilter filter;
  if (!options.subscriber.empty()) filter.subscriber = options.subscriber;
  filter.limit = options.limit;
  filter.offset = options.offset;
  auto opened = open_store(context, OpenMode::kReadOnly);
  if (!opened) return context.console.fail(opened.error());
  const auto page = (*opened)->list_dead_deliveries(filter);
  if (!page) return context.console.fail(page.error());
  if (context.console.json()) {
    context.console.print_line(dead_document(*page, filter));
    return kExitOk;
  }
  if (page->deliveries.empty()) {
    context.console.note(page->total == 0 ? "no dead deliveries"
                                          : "none at this offset, lower --offset");
    return kExitOk;
  }
  const std::int64_t now_us = context.clock.wall_us();
  Table table({{"SUBSCRIBER", false, true},
               {"NUMBER", true},
               {"EVENT", false, true},
               {"TASK"},
               {"ATTEMPTS", true},
               {"DIED"},
               {"ERROR", false, true}});
  for (const auto& dead : page->deliveries) {
    const auto message = worker::member_text(dead.error_json, "message");
    table.add_row({{printable(dead.subscriber), Paint::kBold},
                   {fmt::format("{}", dead.number)},
                   {printable(dead.stored.event.name)},
                   {dead.task_uuid.text()},
                   {fmt::format("{}", dead.attempts)},
                   {age_text(now_us, dead.ended_at_us)},
                   {printable(message.value_or(dead.error_json)), Paint::kRed}});
  }
  context.console.print(table.render(context.console));
  const std::uint64_t shown_to = filter.offset + page->deliveries.size();
  if (filter.offset > 0 || shown_to < page->total)
    context.console.note(fmt::format("{} to {} of {}", filter.offset + 1, shown_to, page->total));
  return kExitOk;
}

/// Retries or drops; `member` is what the count is called in JSON.
int run_change(Context& context, const Chosen& chosen, const char* member,
               base::Result<std::uint64_t> (store::Store::*change)(std::string_view,
                                                                   std::optional<std::uint64_t>)) {
  if (chosen.all == chosen.number.has_value())
    return context.console.fail({.code = base::ErrorCode::kINVALID_ARGUMENT,
                                 .message = "give the number of an event, or --all",
                                 .field = "number"},
                                kListDead);
  auto opened = open_store(context, OpenMode::kExisting);
  if (!opened) return context.console.fail(opened.error());
  const auto count = (opened->get()->*change)(chosen.subscriber, chosen.number);
  if (!count) return context.console.fail(count.error(), kListDead);
  context.console.print_line(context.console.json()
                                 ? fmt::format(R"({{"{}":{}}})", member, *count)
                                 : fmt::format("{} {}", member, counted(*count, "event")));
  return kExitOk;
}

int run_forget(Context& context, const std::string& subscriber) {
  auto opened = open_store(context, OpenMode::kExisting);
  if (!opened) return context.console.fail(opened.error());
  const auto removed = (*opened)->remove_subscriber(subscriber);
  if (!removed) return context.console.fail(removed.error(), kListSubscribers);
  std::string out = R"({"forgotten":)";
  base::append_json_string(out, subscriber);
  context.console.print_line(context.console.json() ? out + "}"
                                                    : "forgot " + printable(subscriber));
  return kExitOk;
}

void add_change(CLI::App& group, Action& action, const char* name, const char* description,
                const char* member,
                base::Result<std::uint64_t> (store::Store::*change)(std::string_view,
                                                                    std::optional<std::uint64_t>)) {
  auto chosen = std::make_shared<Chosen>();
  CLI::App* command = group.add_subcommand(name, description);
  command->add_option("subscriber", chosen->subscriber, "Its name")->required();
  command->add_option("number", chosen->number, "Number of the event");
  command->add_flag("--all", chosen->all, "All dead deliveries of the subscriber");
  command->footer(fmt::format("\nExample:\n  tasker event {} billing 17\n", name));
  command->callback([&action, chosen, member, change] {
    action = [=](Context& context) { return run_change(context, *chosen, member, change); };
  });
}

}  // namespace

void add_event_commands(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("event", "Look after durable domain events");
  group->require_subcommand(1);
  group->fallthrough();
  CLI::App* subscribers =
      group->add_subcommand("subscribers", "List who gets events and how far each is");
  subscribers->footer("\nExample:\n  tasker event subscribers --json\n");
  subscribers->callback([&action] { action = run_subscribers; });

  auto options = std::make_shared<DeadOptions>();
  CLI::App* dead = group->add_subcommand("dead", "List deliveries that failed for good");
  dead->add_option("--subscriber", options->subscriber, "Of this one alone");
  dead->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1U, kListMax))
      ->capture_default_str();
  dead->add_option("--offset", options->offset, "Leave out so many")->capture_default_str();
  dead->footer("\nExample:\n  tasker event dead --subscriber billing\n");
  dead->callback([&action, options] {
    action = [=](Context& context) { return run_dead(context, *options); };
  });

  add_change(*group, action, "retry", "Deliver dead events again, with fresh attempts", "retried",
             &store::Store::retry_dead_deliveries);
  add_change(*group, action, "drop", "Forget dead deliveries", "dropped",
             &store::Store::drop_dead_deliveries);

  auto forgotten = std::make_shared<std::string>();
  CLI::App* forget =
      group->add_subcommand("forget", "Forget a subscriber that no process listens for");
  forget->add_option("subscriber", *forgotten, "Its name")->required();
  forget->footer("\nExample:\n  tasker event forget billing\n");
  forget->callback([&action, forgotten] {
    action = [=](Context& context) { return run_forget(context, *forgotten); };
  });
}

}  // namespace tasker::cli
