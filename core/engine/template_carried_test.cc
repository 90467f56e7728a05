#include <gtest/gtest.h>

#include <string>

#include "core/engine/template_test_support.h"

namespace tasker::engine {
namespace {

TEST(ReadCarried, MistakesAreNamedWithLineAndField) {
  const std::vector<BadText> table = {
      {"metadata of a wrong type",
       with_top("metadata: [a]\n"),
       {{4, "metadata", "expected a mapping, got a list"}}},
      {"metadata members",
       with_top("metadata: {author: 1, tags: x, autor: b, created_at: []}\n"),
       {{4, "metadata.autor", "did you mean `author`?"},
        {4, "metadata.author", "got the integer 1"},
        {4, "metadata.created_at", "got a list"},
        {4, "metadata.tags", "expected a list, got the string `x`"}}},
      {"a tag of a wrong type",
       with_top("metadata: {tags: [a, 2026]}\n"),
       {{4, "metadata.tags[1]", "got the integer 2026"}}},
      {"task handler",
       with_top("task_handler: {method: m}\n"),
       {{4, "task_handler.callable", "missing"}}},
      {"task handler with a number that JSON has not",
       with_top("task_handler: {callable: c, initialization: {a: .nan}}\n"),
       {{4, "task_handler.initialization.a", "JSON can not carry the number .nan"}}},
      {"system dependencies",
       with_top("system_dependencies: {primary: [], secondary: [1]}\n"),
       {{4, "system_dependencies.primary", "expected a string, got a list"},
        {4, "system_dependencies.secondary[0]", "got the integer 1"}}},
      {"system dependencies null",
       with_top("system_dependencies: null\n"),
       {{4, "system_dependencies", "expected a mapping, got null"}}},
      {"domain events of a wrong type",
       with_top("domain_events: {a: b}\n"),
       {{4, "domain_events", "expected a list, got a mapping"}}},
      {"domain event",
       with_top("domain_events:\n- {description: 1, schema: [], extra: 1}\n"),
       {{5, "domain_events[0].extra", "unknown field"},
        {5, "domain_events[0].name", "missing"},
        {5, "domain_events[0].description", "got the integer 1"},
        {5, "domain_events[0].schema", "expected a mapping, got a list"}}},
      {"default options",
       with_top("default_options: 5\n"),
       {{4, "default_options", "expected a mapping, got the integer 5"}}},
      {"lifecycle",
       with_top("lifecycle: {max_duration: 5, staleness_action: dlqq, "
                "auto_fail_on_timeout: 'true'}\n"),
       {{4, "lifecycle.max_duration", "did you mean `max_duration_minutes`?"},
        {4, "lifecycle.staleness_action", "expected dlq, error or none, got `dlqq`; did you mean"},
        {4, "lifecycle.auto_fail_on_timeout", "expected true or false, got the string `true`"}}},
      {"environments of a wrong type",
       with_top("environments: [production]\n"),
       {{4, "environments", "expected a mapping, got a list"}}},
      {"an environment of a wrong type",
       with_top("environments: {production: 1}\n"),
       {{4, "environments.production", "expected a mapping, got the integer 1"}}},
      {"environment members",
       with_top("environments:\n  test:\n    task_handler: {callable: c}\n    extra: 1\n"),
       {{6, "environments.test.task_handler.callable", "unknown field; expected initialization"},
        {7, "environments.test.extra", "unknown field"}}},
  };
  for (const BadText& bad : table) expect_problems(bad);
}

TEST(ReadCarried, LifecycleMinutesAreAcceptedAtTheirLimitsAndRefusedPastThem) {
  const auto check = [](const std::string& field, int max) {
    const auto text = [&field](int minutes) {
      return with_top("lifecycle: {" + field + ": " + std::to_string(minutes) + "}\n");
    };
    good(text(1));
    good(text(max));
    for (const int minutes : {0, max + 1, -1}) {
      expect_problems(
          {field,
           text(minutes),
           {{4, "lifecycle." + field, "expected an integer from 1 to " + std::to_string(max)}}});
    }
  };
  check("max_duration_minutes", 43'200);
  check("max_waiting_for_dependencies_minutes", 10'080);
  check("max_waiting_for_retry_minutes", 10'080);
  check("max_steps_in_process_minutes", 10'080);
}

TEST(ReadCarried, LifecycleTakesEveryStalenessAction) {
  for (const std::string action : {"dlq", "error", "none"}) {
    EXPECT_EQ(good(with_top("lifecycle: {staleness_action: " + action + "}\n")).carried_json,
              R"({"lifecycle":{"staleness_action":")" + action + "\"}}");
  }
}

TEST(ReadCarried, EnvironmentsOverrideStepsOfTheTemplateOnly) {
  // Lines 4 to 6 are the step `a`.
  const auto text = [](const std::string& override) {
    return with_step("") + "environments:\n  production:\n    steps:\n    - " + override + "\n";
  };
  good(text("{name: ALL}"));
  good(text("{name: a, handler: {initialization: {x: 1}}, timeout_seconds: 1, retry: {}}"));
  const std::string at = "environments.production.steps[0]";
  expect_problems(
      {"unknown step",
       text("{name: b}"),
       {{10, at + ".name", "`b` is no step of this template; expected one, or `ALL`"}}});
  expect_problems({"no name", text("{timeout_seconds: 1}"), {{10, at + ".name", "missing"}}});
  expect_problems(
      {"name of a wrong type", text("{name: [a]}"), {{10, at + ".name", "got a list"}}});
  expect_problems({"timeout",
                   text("{name: a, timeout_seconds: 0}"),
                   {{10, at + ".timeout_seconds", "expected an integer from 1"}}});
  expect_problems({"retry",
                   text("{name: a, retry: {backoff: quick}}"),
                   {{10, at + ".retry.backoff", "expected none, fixed"}}});
  expect_problems({"handler",
                   text("{name: a, handler: {initialization: 1}}"),
                   {{10, at + ".handler.initialization", "expected a mapping"}}});
  expect_problems({"extra",
                   text("{name: a, dependencies: []}"),
                   {{10, at + ".dependencies", "unknown field"}}});
}

}  // namespace
}  // namespace tasker::engine
