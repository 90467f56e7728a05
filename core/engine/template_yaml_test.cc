#include "core/engine/template_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/engine/template_test_support.h"
#include "core/model/template_json.h"

namespace tasker::engine {
namespace {

using testing::ElementsAre;

constexpr std::string_view kEveryField = R"(name: parcel_intake
namespace_name: logistics
version: 1.0.0-rc.1
description: Accept a parcel
metadata:
  author: somebody
  tags: [parcels, intake]
  documentation_url: https://docs.example/parcels
  created_at: 2026-01-02
  updated_at: "2026-01-03"
task_handler: {callable: logistics.Task, initialization: {a: 1}}
system_dependencies: {primary: default, secondary: [billing]}
domain_events:
  - {name: parcel.seen, description: Seen, schema: {type: object}}
input_schema: {type: object, required: [id]}
steps:
  - name: register
    description: First
    type: standard
    handler:
      callable: logistics.Register
      method: run
      resolver: explicit
      initialization: {currency: EUR, limit: 0x10, rate: 1.50, on: yes, none: ~, list: [true, "1"]}
    system_dependency: billing
    retry:
      retryable: false
      max_attempts: 7
      backoff: fixed
      backoff_base_ms: 100
      max_backoff_ms: 1000
    timeout_seconds: 60
    publishes_events:
      - name: parcel.registered
        description: A parcel was accepted
        condition: always
        schema: {type: object}
        delivery_mode: broadcast
        publisher: Logistics::Publisher
  - name: weigh
    step_type: batch_worker
    handler: {callable: logistics.Weigh}
    dependencies: [register]
    batch_config:
      batch_size: 200
      parallelism: 4
      cursor_field: item_no
      worker_template: weigh
      failure_strategy: isolate
environments:
  production:
    task_handler: {initialization: {a: 2}}
    steps:
      - {name: ALL, timeout_seconds: 5}
      - {name: register, handler: {initialization: {currency: USD}}, retry: {max_attempts: 1}}
lifecycle: {max_duration_minutes: 60, staleness_action: error, auto_dlq_on_timeout: false}
default_context: {site: main}
default_options: {mode: fast}
)";

TEST(ReadTemplateYaml, EveryFieldArrivesInItsMember) {
  const model::TaskTemplate body = good(kEveryField);
  EXPECT_EQ(body.name, "parcel_intake");
  EXPECT_EQ(body.namespace_name, "logistics");
  EXPECT_EQ(body.version, "1.0.0-rc.1");
  EXPECT_EQ(body.description, "Accept a parcel");
  EXPECT_EQ(body.default_context_json, R"({"site":"main"})");
  EXPECT_EQ(body.input_schema_json, R"({"type":"object","required":["id"]})");
  ASSERT_EQ(body.steps.size(), 2U);

  const model::StepTemplate& step = body.steps[0];
  EXPECT_EQ(step.name, "register");
  EXPECT_EQ(step.description, "First");
  EXPECT_EQ(step.type, model::StepType::kStandard);
  EXPECT_EQ(step.handler.callable, "logistics.Register");
  EXPECT_EQ(step.handler.method, "run");
  EXPECT_EQ(step.handler.resolver, "explicit");
  EXPECT_EQ(
      step.handler.initialization_json,
      R"({"currency":"EUR","limit":16,"rate":1.50,"on":"yes","none":null,"list":[true,"1"]})");
  EXPECT_EQ(step.system_dependency, "billing");
  EXPECT_FALSE(step.retry.retryable);
  EXPECT_EQ(step.retry.max_attempts, 7U);
  EXPECT_EQ(step.retry.backoff, model::Backoff::kFixed);
  EXPECT_EQ(step.retry.backoff_base_ms, 100U);
  EXPECT_EQ(step.retry.max_backoff_ms, 1000U);
  EXPECT_EQ(step.timeout_seconds, 60U);
  ASSERT_EQ(step.publishes_events.size(), 1U);
  const model::PublishedEvent& event = step.publishes_events[0];
  EXPECT_EQ(event.name, "parcel.registered");
  EXPECT_EQ(event.description, "A parcel was accepted");
  EXPECT_EQ(event.condition, "always");
  EXPECT_EQ(event.schema_json, R"({"type":"object"})");
  EXPECT_EQ(event.delivery_mode, "broadcast");
  EXPECT_EQ(event.publisher, "Logistics::Publisher");

  const model::StepTemplate& worker = body.steps[1];
  EXPECT_EQ(worker.type, model::StepType::kBatchWorker);
  EXPECT_THAT(worker.dependencies, ElementsAre("register"));
  ASSERT_TRUE(worker.batch_config.has_value());
  EXPECT_EQ(worker.batch_config->batch_size, 200U);
  EXPECT_EQ(worker.batch_config->parallelism, 4U);
  EXPECT_EQ(worker.batch_config->cursor_field, "item_no");
  EXPECT_EQ(worker.batch_config->worker_template, "weigh");
  EXPECT_EQ(worker.batch_config->failure_strategy, "isolate");
}

TEST(ReadTemplateYaml, CarriedMembersBecomeOneJsonObject) {
  EXPECT_EQ(
      good(kEveryField).carried_json,
      R"({"metadata":{"author":"somebody","tags":["parcels","intake"],)"
      R"("documentation_url":"https://docs.example/parcels","created_at":"2026-01-02",)"
      R"("updated_at":"2026-01-03"},)"
      R"("task_handler":{"callable":"logistics.Task","initialization":{"a":1}},)"
      R"("system_dependencies":{"primary":"default","secondary":["billing"]},)"
      R"("domain_events":[{"name":"parcel.seen","description":"Seen","schema":{"type":"object"}}],)"
      R"("lifecycle":{"max_duration_minutes":60,"staleness_action":"error",)"
      R"("auto_dlq_on_timeout":false},)"
      R"("default_options":{"mode":"fast"},)"
      R"("environments":{"production":{"task_handler":{"initialization":{"a":2}},)"
      R"("steps":[{"name":"ALL","timeout_seconds":5},{"name":"register",)"
      R"("handler":{"initialization":{"currency":"USD"}},"retry":{"max_attempts":1}}]}}})");
}

TEST(ReadTemplateYaml, ATemplateSurvivesItsStoredForm) {
  const model::TaskTemplate body = good(kEveryField);
  const std::string json = model::template_to_json(body);
  const auto again = model::template_from_json(json);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(model::template_to_json(*again), json);
}

TEST(ReadTemplateYaml, AbsentMembersHaveTheirDefaults) {
  const model::TaskTemplate body = good(with_top(""));
  EXPECT_EQ(body.description, std::nullopt);
  EXPECT_EQ(body.default_context_json, "{}");
  EXPECT_EQ(body.input_schema_json, std::nullopt);
  EXPECT_TRUE(body.steps.empty());
  EXPECT_EQ(body.carried_json, "{}");
}

TEST(ReadTemplateYaml, NullReadsAsAbsentWhereTheContractHasNullForADefault) {
  const model::TaskTemplate body = good(with_top(
      "description: null\nmetadata: ~\ntask_handler:\ninput_schema: null\nlifecycle: null\n"));
  EXPECT_EQ(body.description, std::nullopt);
  EXPECT_EQ(body.input_schema_json, std::nullopt);
  EXPECT_EQ(body.carried_json, "{}");
}

TEST(ReadTemplateYaml, JsonIsYamlToo) {
  const model::TaskTemplate body =
      good(R"({"name": "t", "namespace_name": "n", "version": "1.0.0",)"
           R"( "steps": [{"name": "a", "handler": {"callable": "h"}}]})");
  EXPECT_EQ(body.steps.at(0).handler.callable, "h");
}

TEST(ReadTemplateYaml, WindowsLineEndsAndAByteOrderMarkAreRead) {
  const model::TaskTemplate body =
      good("\xEF\xBB\xBFname: t\r\nnamespace_name: n\r\nversion: 1.0.0\r\ndescription: d\r\n");
  EXPECT_EQ(body.name, "t");
  EXPECT_EQ(body.description, "d");
}

TEST(ReadTemplateYaml, TopLevelMistakesAreNamedWithLineAndField) {
  const std::vector<BadText> table = {
      {"no mapping", "- a\n- b\n", {{1, "", "expected a mapping, got a list"}}},
      {"a scalar", "just text\n", {{1, "", "expected a mapping, got the string `just text`"}}},
      {"everything missing",
       "description: d\n",
       {{1, "name", "missing"}, {1, "namespace_name", "missing"}, {1, "version", "missing"}}},
      {"unknown field near a known one",
       with_top("step: []\n"),
       {{4, "step", "unknown field; did you mean `steps`?"}}},
      {"unknown field near nothing",
       with_top("zzzzzzz: 1\n"),
       {{4, "zzzzzzz", "unknown field; expected name, namespace_name"}}},
      {"duplicate key",
       with_top("name: u\n"),
       {{4, "name", "duplicate key; it is given first on line 1"}}},
      {"merge key",
       with_top("default_context: &x {a: 1}\ndefault_options: {<<: *x}\n"),
       {{5, "default_options", "merge keys (`<<`) are not supported"}}},
      {"key that is no scalar",
       with_top("? [a]\n: 1\n"),
       {{4, "", "the key of a mapping is not a scalar"}}},
      {"tag", with_top("description: !secret x\n"), {{4, "description", "tag `!secret` is not"}}},
      {"name of a wrong type",
       "name: 12\nnamespace_name: n\nversion: 1.0.0\n",
       {{1, "name",
         "expected a string (in quotes, when it looks like something else), got the "
         "integer 12"}}},
      {"name with a control character",
       "name: \"a\\tb\"\nnamespace_name: n\nversion: 1.0.0\n",
       {{1, "name", "`a\\tb` has control characters"}}},
      {"name null", "name:\nnamespace_name: n\nversion: 1.0.0\n", {{1, "name", "got null"}}},
      {"description of a wrong type",
       with_top("description: [a]\n"),
       {{4, "description", "expected a string, got a list"}}},
      {"steps null", with_top("steps:\n"), {{4, "steps", "expected a list, got null"}}},
      {"steps of a wrong type",
       with_top("steps: {a: b}\n"),
       {{4, "steps", "expected a list, got a mapping"}}},
      {"default_context of a wrong type",
       with_top("default_context: [1]\n"),
       {{4, "default_context", "expected a mapping, got a list"}}},
      {"input_schema of a wrong type",
       with_top("input_schema: text\n"),
       {{4, "input_schema", "expected a mapping, got the string `text`"}}},
  };
  for (const BadText& bad : table) expect_problems(bad);
}

TEST(ReadTemplateYaml, AllProblemsAreReportedInTheOrderOfTheText) {
  expect_problems(
      {"many",
       "name: 1\n"
       "nam: x\n"
       "namespace_name: 1a\n"
       "version: 1.0\n"
       "steps:\n"
       "  - name: a\n"
       "    dependencies: [b]\n"
       "    retry: {backof: none, max_attempts: 101}\n"
       "  - handler: {callable: 5}\n"
       "lifecycle: {staleness_action: drop}\n",
       {{1, "name", "got the integer 1"},
        {2, "nam", "did you mean `name`?"},
        {3, "namespace_name", "`1a` is not a namespace"},
        {4, "version", "got the number 1.0"},
        {6, "steps[0].handler", "missing"},
        {7, "steps[0].dependencies[0]", "unknown dependency `b`"},
        {8, "steps[0].retry.backof", "did you mean `backoff`?"},
        {8, "steps[0].retry.max_attempts", "expected an integer from 0 to 100"},
        {9, "steps[1].name", "missing"},
        {9, "steps[1].handler.callable", "got the integer 5"},
        {10, "lifecycle.staleness_action", "expected dlq, error or none, got `drop`"}}});
}

TEST(ReadTemplateYaml, NamesHaveTheirLengthLimits) {
  const auto named = [](std::size_t length) {
    return "name: " + std::string(length, 'x') + "\nnamespace_name: n\nversion: 1.0.0\n";
  };
  EXPECT_EQ(good(named(1)).name.size(), 1U);
  EXPECT_EQ(good(named(64)).name.size(), 64U);
  expect_problems({"65", named(65), {{1, "name", "has 65 characters, expected 1 to 64"}}});
  expect_problems({"empty",
                   "name: ''\nnamespace_name: n\nversion: 1.0.0\n",
                   {{1, "name", "has 0 characters, expected 1 to 64"}}});
  std::string wide;
  for (int i = 0; i < 64; ++i) wide += "\xC3\xA9";
  EXPECT_EQ(good("name: " + wide + "\nnamespace_name: n\nversion: 1.0.0\n").name, wide);
}

TEST(ReadTemplateYaml, NamespacesAreIdentifiersOfAtMost29Characters) {
  const auto in = [](const std::string& name) {
    return "name: t\nnamespace_name: " + name + "\nversion: 1.0.0\n";
  };
  for (const std::string name : {"a", "_", "A9_z", "a234567890123456789012345678_"}) {
    EXPECT_EQ(good(in(name)).namespace_name, name);
  }
  expect_problems({"30", in(std::string(30, 'a')), {{2, "namespace_name", "expected 1 to 29"}}});
  for (const std::string name : {"9a", "a-b", "a.b", "'a b'", "\xC3\xA9"}) {
    expect_problems({name, in(name), {{2, "namespace_name", "is not a namespace"}}});
  }
}

TEST(ReadTemplateYaml, VersionsAreSemanticAndOfAtMost16Characters) {
  const auto version = [](const std::string& text) {
    return "name: t\nnamespace_name: n\nversion: " + text + "\n";
  };
  for (const std::string text : {"0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1",
                                 "1.0.0-0.3.7", "1.0.0-x-y-z.-", "1.0.0-01a", "100000.100000.10"}) {
    EXPECT_EQ(good(version(text)).version, text);
  }
  EXPECT_EQ(good(version("1.0.0-1234567890")).version.size(), 16U);
  for (const std::string text : {"1",
                                 "1.0",
                                 "'1'",
                                 "'1.0'",
                                 "1.0.0.0",
                                 "01.0.0",
                                 "1.00.0",
                                 "1.0.0-",
                                 "1.0.0-a..b",
                                 "1.0.0-.a",
                                 "1.0.0-a.",
                                 "1.0.0.-a",
                                 "1.0.0-01",
                                 "1.0.0+build",
                                 "v1.0.0",
                                 "1.0.x",
                                 "1..0",
                                 "''",
                                 "null",
                                 "[1]",
                                 "-1.0.0",
                                 "1.0.0-12345678901",
                                 "1.0.0-\xC3\xA9",
                                 "'1.0.0 '"}) {
    expect_problems({text, version(text), {{3, "version", "expected a semantic version"}}});
  }
}

TEST(ReadTemplateYaml, StepsHaveALimit) {
  const auto steps = [](int count) {
    std::string yaml = with_top("steps:\n");
    for (int i = 0; i < count; ++i) {
      yaml += "- {name: s" + std::to_string(i) + ", handler: {callable: h}}\n";
    }
    return yaml;
  };
  TemplateLimits limits;
  limits.steps_max = 3;
  EXPECT_TRUE(read_template_yaml(steps(3), limits).body.has_value());
  expect_problems({"4", steps(4), {{8, "steps[3]", "4 steps, at most 3 are allowed"}}}, limits);
  EXPECT_EQ(good(steps(5000)).steps.size(), 5000U);
  expect_problems({"5001", steps(5001), {{5005, "steps[5000]", "at most 5000 are allowed"}}});
}

TEST(ReadTemplateYaml, MoreProblemsThanTheListHoldsAreSaidToBeThere) {
  std::string yaml = with_top("");
  for (int i = 0; i < 5000; ++i) yaml += "unknown_" + std::to_string(i) + ": 1\n";
  const TemplateReport report = read_template_yaml(yaml);
  ASSERT_EQ(report.problems.size(), 201U);
  EXPECT_EQ(report.problems[199].line, 203);
  EXPECT_EQ(report.problems[200].reason, "there are more problems; 200 are listed");
}

TEST(TemplateYaml, PassesOverUnknownFieldsWhereThatIsAskedForAndSaysSo) {
  constexpr std::string_view kYaml =
      "name: a\nnamespace_name: n\nversion: 1.0.0\nowner: me\n"
      "steps:\n  - name: s\n    handler: { callable: c, queue: q }\n    retry: { jitter: 1 }\n";
  EXPECT_EQ(read_template_yaml(kYaml).problems.size(), 3U);
  TemplateLimits lenient;
  lenient.ignores_unknown_fields = true;
  const TemplateReport report = read_template_yaml(kYaml, lenient);
  EXPECT_TRUE(report.body.has_value()) << all_problems(report);
  ASSERT_EQ(report.ignored.size(), 3U);
  EXPECT_EQ(report.ignored[0].field, "owner");
  EXPECT_EQ(report.ignored[1].field, "steps[0].handler.queue");
  EXPECT_EQ(report.ignored[2].line, 8);
  EXPECT_FALSE(read_template_yaml("name: 5\nowner: me\n", lenient).body.has_value());
}

TEST(TemplateError, HasOneLineForEachProblem) {
  const TemplateReport report = read_template_yaml("name: 1\nversion: 1.0.0\n");
  const base::Error error = template_error(report, "dir/t.yaml");
  EXPECT_EQ(error.code, base::ErrorCode::kINVALID_TEMPLATE);
  EXPECT_EQ(error.field, "name");
  EXPECT_EQ(error.message,
            "dir/t.yaml:1: name: expected a string (in quotes, when it looks like something else), "
            "got the integer 1\n"
            "dir/t.yaml:1: namespace_name: missing; the field is required");
}

TEST(TemplateError, LeavesOutWhatAProblemDoesNotHave) {
  EXPECT_EQ(template_error(read_template_yaml(""), "t.yaml").message,
            "t.yaml: the text is empty; expected a task template");
}

}  // namespace
}  // namespace tasker::engine
