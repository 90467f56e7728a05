#include "core/worker/step_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "core/worker/identity.h"

namespace tasker::worker {
namespace {

using testing::ElementsAre;

base::Uuid id(std::uint8_t last) {
  base::Uuid uuid;
  uuid.bytes[0] = 0x01;
  uuid.bytes[15] = last;
  return uuid;
}

std::shared_ptr<const engine::CompiledTemplate> flights_template() {
  auto compiled = std::make_shared<engine::CompiledTemplate>();
  compiled->stored.uuid = id(0x10);
  model::TaskTemplate& body = compiled->stored.body;
  body.namespace_name = "demo";
  body.name = "flights";
  body.version = "1.2.0";
  model::StepTemplate load;
  load.name = "load";
  load.handler.callable = "demo.Load";
  model::StepTemplate report;
  report.name = "report \"1\"";
  report.description = "renders";
  report.handler.callable = "demo.Report";
  report.handler.method = "render";
  report.handler.resolver = "by_name";
  report.handler.initialization_json = R"({"columns":[1, 2]})";
  report.dependencies = {"load"};
  report.retry.max_attempts = 5;
  report.retry.backoff = model::Backoff::kLinear;
  report.retry.backoff_base_ms = 200;
  report.timeout_seconds = 30;
  report.system_dependency = "disk";
  body.steps = {load, report};
  auto plan = std::make_shared<store::TaskPlan>();
  plan->steps = {{.template_step = 0}, {.template_step = 1, .dependency_count = 1}};
  compiled->plan = plan;
  return compiled;
}

store::TaskHeader header() {
  store::TaskHeader task;
  task.uuid = id(0x20);
  task.context_json = R"({"big":12345678901234567890,"text":"\u00e9"})";
  task.initiator = "cli";
  task.source_system = "desk";
  task.reason = "a \"quoted\" reason";
  task.priority = -7;
  task.correlation_id = id(0x30);
  task.requested_at_us = 1'771'239'845'000'000;
  task.created_at_us = 1'771'239'845'120'000;
  return task;
}

StepEvent first_event() {
  StepEvent event;
  event.event_id = id(0x40);
  event.compiled = flights_template();
  event.task = std::make_shared<store::TaskHeader>(header());
  event.claim.step = {.task = model::TaskId{1}, .index = 0};
  event.claim.template_step = 0;
  event.claim.attempt = 1;
  event.claim.claimed_at_us = 1'771'239'845'123'456;
  return event;
}

StepEvent second_event() {
  StepEvent event = first_event();
  event.claim.step.index = 1;
  event.claim.template_step = 1;
  event.claim.attempt = 3;
  event.dependencies.push_back(
      {.step = 0, .result = std::make_shared<std::string>(R"({"rows": 3})")});
  return event;
}

std::vector<std::string> keys(simdjson::dom::object object) {
  std::vector<std::string> names;
  for (const auto member : object) names.emplace_back(member.key);
  return names;
}

/// The event's JSON, parsed. The parser owns what the element views.
class StepEventJson : public testing::Test {
 protected:
  simdjson::dom::object parse(const StepEvent& event) {
    text_.clear();
    append_step_event_json(text_, event);
    return parser_.parse(text_).get_object();
  }

  std::string text_;
  simdjson::dom::parser parser_;
};

TEST_F(StepEventJson, HasTheFieldsOfTheContractAndNoOthers) {
  const auto event = parse(first_event());
  EXPECT_THAT(keys(event),
              ElementsAre("event_id", "task_uuid", "step_uuid", "correlation_id", "trace_id",
                          "span_id", "task_correlation_id", "parent_correlation_id", "task",
                          "workflow_step", "step_definition", "dependency_results"));
  EXPECT_THAT(keys(event["task"]),
              ElementsAre("task_uuid", "named_task_uuid", "name", "namespace", "version", "context",
                          "correlation_id", "parent_correlation_id", "complete", "priority",
                          "initiator", "source_system", "reason", "tags", "identity_hash",
                          "created_at", "updated_at", "requested_at"));
  EXPECT_THAT(
      keys(event["workflow_step"]),
      ElementsAre("workflow_step_uuid", "task_uuid", "named_step_uuid", "name",
                  "template_step_name", "retryable", "max_attempts", "attempts", "in_process",
                  "processed", "inputs", "results", "backoff_request_seconds", "processed_at",
                  "last_attempted_at", "created_at", "updated_at", "checkpoint"));
  EXPECT_THAT(keys(event["step_definition"]),
              ElementsAre("name", "description", "handler", "system_dependency", "dependencies",
                          "timeout_seconds", "retry"));
  EXPECT_THAT(keys(event["step_definition"]["handler"]), ElementsAre("callable", "initialization"));
  EXPECT_THAT(
      keys(event["step_definition"]["retry"]),
      ElementsAre("retryable", "max_attempts", "backoff", "backoff_base_ms", "max_backoff_ms"));
}

TEST_F(StepEventJson, NamesDispatchTaskAndStepByTheirIds) {
  const auto event = parse(second_event());
  const std::string step_uuid = base::derive_uuid(id(0x20), 1).text();
  EXPECT_EQ(std::string_view(event["event_id"]), id(0x40).text());
  EXPECT_EQ(std::string_view(event["task_uuid"]), id(0x20).text());
  EXPECT_EQ(std::string_view(event["step_uuid"]), step_uuid);
  EXPECT_EQ(std::string_view(event["span_id"]), "span-" + step_uuid);
  EXPECT_EQ(std::string_view(event["trace_id"]), std::string_view(event["correlation_id"]));
  EXPECT_NE(std::string_view(event["correlation_id"]), id(0x30).text());
  EXPECT_EQ(std::string_view(event["task_correlation_id"]), id(0x30).text());
  EXPECT_TRUE(event["parent_correlation_id"].is_null());
  EXPECT_EQ(std::string_view(event["task"]["named_task_uuid"]), id(0x10).text());
  EXPECT_EQ(std::string_view(event["workflow_step"]["named_step_uuid"]),
            base::derive_uuid(id(0x10), 1).text());
}

TEST_F(StepEventJson, CountsAttemptsBeforeTheClaim) {
  EXPECT_EQ(int64_t(parse(first_event())["workflow_step"]["attempts"]), 0);
  EXPECT_EQ(int64_t(parse(second_event())["workflow_step"]["attempts"]), 2);
}

TEST_F(StepEventJson, SaysOneAttemptWhereTheTemplateSaysNone) {
  StepEvent event = first_event();
  auto compiled = std::make_shared<engine::CompiledTemplate>(*event.compiled);
  compiled->stored.body.steps[0].retry.max_attempts = 0;
  event.compiled = compiled;
  const auto parsed = parse(event);
  EXPECT_EQ(int64_t(parsed["workflow_step"]["max_attempts"]), 1);
  EXPECT_EQ(int64_t(parsed["step_definition"]["retry"]["max_attempts"]), 0);
}

TEST_F(StepEventJson, CarriesPayloadsAsTheTextTheyAre) {
  parse(second_event());
  EXPECT_NE(text_.find(R"("context":{"big":12345678901234567890,"text":"\u00e9"})"),
            std::string::npos);
  EXPECT_NE(text_.find(R"("inputs":{"columns":[1, 2]})"), std::string::npos);
  EXPECT_NE(text_.find(R"("result":{"rows": 3})"), std::string::npos);
}

TEST_F(StepEventJson, SpellsTimesWithASpaceAndNoZone) {
  const auto event = parse(first_event());
  EXPECT_EQ(std::string_view(event["task"]["requested_at"]), "2026-02-16 11:04:05");
  EXPECT_EQ(std::string_view(event["task"]["created_at"]), "2026-02-16 11:04:05.120");
  EXPECT_EQ(std::string_view(event["workflow_step"]["last_attempted_at"]),
            "2026-02-16 11:04:05.123456");
  EXPECT_TRUE(event["workflow_step"]["processed_at"].is_null());
}

TEST_F(StepEventJson, DescribesTheHandlerAndItsRetryRule) {
  const auto definition = parse(second_event())["step_definition"];
  EXPECT_EQ(std::string_view(definition["name"]), "report \"1\"");
  EXPECT_EQ(std::string_view(definition["handler"]["method"]), "render");
  EXPECT_EQ(std::string_view(definition["handler"]["resolver"]), "by_name");
  EXPECT_EQ(std::string_view(definition["retry"]["backoff"]), "linear");
  EXPECT_EQ(int64_t(definition["retry"]["backoff_base_ms"]), 200);
  EXPECT_TRUE(definition["retry"]["max_backoff_ms"].is_null());
  EXPECT_EQ(int64_t(definition["timeout_seconds"]), 30);
  EXPECT_EQ(std::string_view(definition["system_dependency"]), "disk");
  EXPECT_EQ(std::string_view(definition["dependencies"].at(0)), "load");
}

TEST_F(StepEventJson, GivesDependencyResultsByStepName) {
  const auto results = parse(second_event())["dependency_results"].get_object().value();
  EXPECT_THAT(keys(results), ElementsAre("load"));
  EXPECT_THAT(keys(results["load"]),
              ElementsAre("step_uuid", "success", "result", "status", "error"));
  EXPECT_EQ(std::string_view(results["load"]["step_uuid"]), base::derive_uuid(id(0x20), 0).text());
  EXPECT_EQ(std::string_view(results["load"]["status"]), "completed");
  EXPECT_TRUE(bool(results["load"]["success"]));
  EXPECT_TRUE(results["load"]["error"].is_null());
}

TEST_F(StepEventJson, GivesTagsAndParentWhereThereAreSome) {
  StepEvent event = first_event();
  store::TaskHeader task = header();
  task.tags_json = R"(["a","b"])";
  task.parent_correlation_id = id(0x31);
  event.task = std::make_shared<store::TaskHeader>(task);
  const auto parsed = parse(event);
  EXPECT_EQ(parsed["task"]["tags"].get_array().size(), 2U);
  EXPECT_EQ(std::string_view(parsed["parent_correlation_id"]), id(0x31).text());
  EXPECT_EQ(std::string_view(parsed["task"]["parent_correlation_id"]), id(0x31).text());
}

TEST_F(StepEventJson, ShowsTheCheckpointTheLastResultAndTheAttemptsOwnCorrelation) {
  StepEvent event = first_event();
  {
    const auto parsed = parse(event);
    EXPECT_TRUE(parsed["workflow_step"]["checkpoint"].is_null());
    EXPECT_TRUE(parsed["workflow_step"]["results"].is_null());
  }
  event.correlation_id = id(0x55);
  event.checkpoint_json = std::make_shared<const std::string>(R"({"cursor":7})");
  event.previous_result_json = R"({"success":false})";
  const auto parsed = parse(event);
  EXPECT_EQ(std::string_view(parsed["correlation_id"]), id(0x55).text());
  EXPECT_EQ(std::string_view(parsed["trace_id"]), id(0x55).text());
  EXPECT_EQ(std::int64_t(parsed["workflow_step"]["checkpoint"]["cursor"]), 7);
  EXPECT_FALSE(bool(parsed["workflow_step"]["results"]["success"]));
}

TEST(ReadyText, IsWhatIsHandedOut) {
  StepEvent event = first_event();
  std::string fresh;
  append_step_event_json(fresh, event);
  make_text_ready(event);
  EXPECT_EQ(event.text, fresh);
  std::string out = "[";
  append_step_event_json(out, event);
  EXPECT_EQ(out, "[" + fresh);
}

TEST(ReadyText, IsNotMadeOfLargePayloads) {
  constexpr std::size_t kMost = 64U << 10;
  for (const std::size_t size : {kMost, kMost + 1}) {
    StepEvent event = first_event();
    auto task = header();
    task.context_json = "\"" + std::string(size - 2, 'x') + "\"";
    event.task = std::make_shared<store::TaskHeader>(task);
    make_text_ready(event);
    EXPECT_EQ(event.text.empty(), size > kMost) << size;
    std::string out;
    append_step_event_json(out, event);
    EXPECT_NE(out.find(task.context_json), std::string::npos);
  }
}

TEST(IdentityHash, IsTheSameForEqualKeysAndApartForOthers) {
  const auto compiled = flights_template();
  store::TaskHeader task = header();
  task.idempotency_key = "order-7";
  store::TaskHeader other = header();
  other.uuid = id(0x77);
  other.idempotency_key = "order-7";
  EXPECT_EQ(identity_hash(task, compiled->stored.body),
            identity_hash(other, compiled->stored.body));
  other.idempotency_key = "order-8";
  EXPECT_NE(identity_hash(task, compiled->stored.body),
            identity_hash(other, compiled->stored.body));
}

TEST(IdentityHash, NeverChangesItsValue) {
  store::TaskHeader task = header();
  EXPECT_EQ(identity_hash(task, flights_template()->stored.body),
            "01000000000000000000000000000020");
  task.idempotency_key = "order-7";
  EXPECT_EQ(identity_hash(task, flights_template()->stored.body), "d811975be0b8ba95");
}

}  // namespace
}  // namespace tasker::worker
