#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/engine/retry.h"
#include "core/engine/template_test_support.h"

namespace tasker::engine {
namespace {

model::StepTemplate good_step(std::string_view more) {
  const model::TaskTemplate body = good(with_step(more));
  return body.steps.empty() ? model::StepTemplate{} : body.steps[0];
}

TEST(ReadStep, AbsentMembersHaveTheirDefaults) {
  const model::StepTemplate step = good_step("");
  EXPECT_EQ(step.description, std::nullopt);
  EXPECT_EQ(step.type, model::StepType::kStandard);
  EXPECT_EQ(step.handler.method, std::nullopt);
  EXPECT_EQ(step.handler.resolver, std::nullopt);
  EXPECT_EQ(step.handler.initialization_json, "{}");
  EXPECT_EQ(step.system_dependency, std::nullopt);
  EXPECT_TRUE(step.dependencies.empty());
  EXPECT_EQ(step.timeout_seconds, std::nullopt);
  EXPECT_TRUE(step.publishes_events.empty());
  EXPECT_EQ(step.batch_config, std::nullopt);
}

TEST(ReadStep, AnAbsentRetryNamesItsDelaysAndAPresentOneLeavesThemOpen) {
  const model::RetryPolicy absent = good_step("").retry;
  EXPECT_TRUE(absent.retryable);
  EXPECT_EQ(absent.max_attempts, 3U);
  EXPECT_EQ(absent.backoff, model::Backoff::kExponential);
  EXPECT_EQ(absent.backoff_base_ms, kBackoffBaseDefaultMs);
  EXPECT_EQ(absent.max_backoff_ms, kMaxBackoffDefaultMs);

  const model::RetryPolicy present = good_step("retry: {}").retry;
  EXPECT_TRUE(present.retryable);
  EXPECT_EQ(present.max_attempts, 3U);
  EXPECT_EQ(present.backoff, model::Backoff::kExponential);
  EXPECT_EQ(present.backoff_base_ms, std::nullopt);
  EXPECT_EQ(present.max_backoff_ms, std::nullopt);
}

TEST(ReadStep, MembersThatCanBeNullReadAsAbsent) {
  const model::StepTemplate step = good_step(
      "description: null\nsystem_dependency: null\ntimeout_seconds: null\nbatch_config: null\n"
      "retry: {backoff_base_ms: null, max_backoff_ms: null}\n");
  EXPECT_EQ(step.description, std::nullopt);
  EXPECT_EQ(step.system_dependency, std::nullopt);
  EXPECT_EQ(step.timeout_seconds, std::nullopt);
  EXPECT_EQ(step.batch_config, std::nullopt);
  EXPECT_EQ(step.retry.backoff_base_ms, std::nullopt);
}

TEST(ReadStep, ReadsEveryTypeByEitherName) {
  const std::string batch =
      "\nbatch_config: {batch_size: 1, parallelism: 1, cursor_field: c, worker_template: w, "
      "failure_strategy: fail_fast}";
  EXPECT_EQ(good_step("type: standard").type, model::StepType::kStandard);
  EXPECT_EQ(good_step("step_type: batchable").type, model::StepType::kBatchable);
  EXPECT_EQ(good_step("type: batch_worker" + batch).type, model::StepType::kBatchWorker);
  const auto second = [](std::string_view type) {
    return good(with_step("") + "  - {name: b, handler: {callable: h}, dependencies: [a], type: " +
                std::string(type) + "}\n")
        .steps.at(1)
        .type;
  };
  EXPECT_EQ(second("decision"), model::StepType::kDecision);
  EXPECT_EQ(second("deferred_convergence"), model::StepType::kDeferredConvergence);
}

TEST(ReadStep, ReadsEveryBackoff) {
  const auto backoff = [](std::string_view name) {
    return good_step("retry: {backoff: " + std::string(name) + "}").retry.backoff;
  };
  EXPECT_EQ(backoff("none"), model::Backoff::kNone);
  EXPECT_EQ(backoff("fixed"), model::Backoff::kFixed);
  EXPECT_EQ(backoff("linear"), model::Backoff::kLinear);
  EXPECT_EQ(backoff("exponential"), model::Backoff::kExponential);
  EXPECT_EQ(backoff("fibonacci"), model::Backoff::kFibonacci);
}

struct Range {
  std::string before;  ///< text of the step up to the number
  std::string after;
  std::string field;  ///< below steps[0]
  std::uint64_t min;
  std::uint64_t max;
};

TEST(ReadStep, NumbersAreAcceptedAtTheirLimitsAndRefusedPastThem) {
  const std::string batch_end = ", cursor_field: c, worker_template: w, failure_strategy: isolate}";
  const std::vector<Range> ranges = {
      {"retry: {max_attempts: ", "}", "retry.max_attempts", 0, 100},
      {"retry: {backoff_base_ms: ", "}", "retry.backoff_base_ms", 100, 3'600'000},
      {"retry: {max_backoff_ms: ", "}", "retry.max_backoff_ms", 1000, 3'600'000},
      {"timeout_seconds: ", "", "timeout_seconds", 1, 4'294'967'295},
      {"type: batch_worker\nbatch_config: {parallelism: 1, batch_size: ", batch_end,
       "batch_config.batch_size", 1, 100'000},
      {"type: batch_worker\nbatch_config: {batch_size: 1, parallelism: ", batch_end,
       "batch_config.parallelism", 1, 1000},
  };
  for (const Range& range : ranges) {
    const auto text = [&range](const std::string& number) {
      return with_step(range.before + number + range.after);
    };
    good(text(std::to_string(range.min)));
    good(text(std::to_string(range.max)));
    const int line = range.before.find('\n') == std::string::npos ? 7 : 8;
    const std::string below = range.min == 0 ? "-1" : std::to_string(range.min - 1);
    for (const std::string& number :
         {below, std::to_string(range.max + 1), std::string("1.5"), std::string("'5'"),
          std::string("99999999999999999999"), std::string("[]"), std::string("true")}) {
      expect_problems({range.field,
                       text(number),
                       {{line, "steps[0]." + range.field,
                         "expected an integer from " + std::to_string(range.min) + " to " +
                             std::to_string(range.max)}}});
    }
  }
}

TEST(ReadStep, NamesAreAcceptedAtTheirLimitsAndRefusedPastThem) {
  const auto step = [](const std::string& name, const std::string& callable) {
    return with_top("steps:\n- name: " + name + "\n  handler:\n    callable: " + callable + "\n");
  };
  good(step(std::string(128, 'n'), std::string(500, 'c')));
  expect_problems({"step name",
                   step(std::string(129, 'n'), "c"),
                   {{5, "steps[0].name", "has 129 characters, expected 1 to 128"}}});
  expect_problems({"empty step name",
                   step("''", "c"),
                   {{5, "steps[0].name", "has 0 characters, expected 1 to 128"}}});
  expect_problems({"callable",
                   step("n", std::string(501, 'c')),
                   {{7, "steps[0].handler.callable", "has 501 bytes, expected 1 to 500"}}});
  expect_problems({"empty callable",
                   step("n", "''"),
                   {{7, "steps[0].handler.callable", "has 0 characters, expected 1 to 500"}}});
  for (const std::string field : {"cursor_field", "worker_template"}) {
    const std::string other = field == "cursor_field" ? "worker_template" : "cursor_field";
    const auto batch = [&](std::size_t length) {
      return with_step("type: batch_worker\nbatch_config: {batch_size: 1, parallelism: 1, " +
                       other + ": x, failure_strategy: isolate, " + field + ": '" +
                       std::string(length, 'f') + "'}");
    };
    good(batch(1));
    good(batch(255));
    expect_problems({"0", batch(0), {{8, "steps[0].batch_config." + field, "0 characters"}}});
    expect_problems({"256", batch(256), {{8, "steps[0].batch_config." + field, "256 characters"}}});
  }
}

TEST(ReadStep, MistakesAreNamedWithLineAndField) {
  const std::vector<BadText> table = {
      {"a step that is no mapping",
       with_top("steps: [a]\n"),
       {{4, "steps[0]", "expected a mapping, got the string `a`"}}},
      {"missing handler", with_top("steps:\n- name: a\n"), {{5, "steps[0].handler", "missing"}}},
      {"null handler",
       with_top("steps:\n- name: a\n  handler:\n"),
       {{6, "steps[0].handler", "expected a mapping, got null"}}},
      {"missing callable",
       with_top("steps:\n- name: a\n  handler: {method: m}\n"),
       {{6, "steps[0].handler.callable", "missing"}}},
      {"unknown handler field",
       with_top("steps:\n- name: a\n  handler: {callable: c, meth: m}\n"),
       {{6, "steps[0].handler.meth", "unknown field; did you mean `method`?"}}},
      {"empty method",
       with_top("steps:\n- name: a\n  handler: {callable: c, method: ''}\n"),
       {{6, "steps[0].handler.method", "has 0 characters"}}},
      {"initialization of a wrong type",
       with_top("steps:\n- name: a\n  handler: {callable: c, initialization: [1]}\n"),
       {{6, "steps[0].handler.initialization", "expected a mapping, got a list"}}},
      {"numbers that JSON has not",
       with_top("steps:\n- name: a\n  handler:\n    callable: c\n    initialization:\n"
                "      big: 9223372036854775808\n      deep: [{inf: .inf}]\n      over: 1e400\n"),
       {{9, "steps[0].handler.initialization.big", "does not fit into 64 bits"},
        {10, "steps[0].handler.initialization.deep[0].inf", "JSON can not carry the number .inf"},
        {11, "steps[0].handler.initialization.over", "JSON can not carry the number 1e400"}}},
      {"unknown step field",
       with_step("depends_on: [b]"),
       {{7, "steps[0].depends_on", "unknown field; expected name, description, type"}}},
      {"unknown type",
       with_step("type: batch_workr"),
       {{7, "steps[0].type",
         "expected standard, decision, deferred_convergence, batchable or batch_worker, got "
         "`batch_workr`; did you mean `batch_worker`?"}}},
      {"type twice",
       with_step("type: standard\nstep_type: standard"),
       {{8, "steps[0].step_type", "the type is given twice, as `type` on line 7 too"}}},
      {"type of a wrong type", with_step("type: 1"), {{7, "steps[0].type", "got the integer 1"}}},
      {"retry of a wrong type",
       with_step("retry: 3"),
       {{7, "steps[0].retry", "expected a mapping, got the integer 3"}}},
      {"retry null", with_step("retry:"), {{7, "steps[0].retry", "expected a mapping, got null"}}},
      {"unknown backoff",
       with_step("retry: {backoff: expo}"),
       {{7, "steps[0].retry.backoff",
         "expected none, fixed, linear, exponential or fibonacci, got `expo`"}}},
      {"yes is no boolean",
       with_step("retry: {retryable: yes}"),
       {{7, "steps[0].retry.retryable", "expected true or false, got the string `yes`"}}},
      {"dependencies of a wrong type",
       with_step("dependencies: b"),
       {{7, "steps[0].dependencies", "expected a list, got the string `b`"}}},
      {"a dependency of a wrong type",
       with_step("dependencies: [{b: c}]"),
       {{7, "steps[0].dependencies[0]", "expected a string, got a mapping"}}},
      {"decision without a dependency",
       with_step("type: decision"),
       {{5, "steps[0].dependencies", "type `decision` needs at least one dependency"}}},
      {"decision with an empty list",
       with_step("type: decision\ndependencies: []"),
       {{8, "steps[0].dependencies", "type `decision` needs at least one dependency"}}},
      {"convergence without a dependency",
       with_step("type: deferred_convergence"),
       {{5, "steps[0].dependencies", "type `deferred_convergence` needs at least one"}}},
      {"batch worker without its block",
       with_step("type: batch_worker"),
       {{5, "steps[0].batch_config", "a step of type `batch_worker` needs it"}}},
      {"the block on another type",
       with_step("batch_config: {batch_size: 1, parallelism: 1, cursor_field: c, "
                 "worker_template: w, failure_strategy: isolate}"),
       {{7, "steps[0].batch_config", "only a step of type `batch_worker` has it"}}},
      {"an empty block",
       with_step("type: batch_worker\nbatch_config: {}"),
       {{8, "steps[0].batch_config.batch_size", "missing"},
        {8, "steps[0].batch_config.parallelism", "missing"},
        {8, "steps[0].batch_config.cursor_field", "missing"},
        {8, "steps[0].batch_config.worker_template", "missing"},
        {8, "steps[0].batch_config.failure_strategy", "missing"}}},
      {"unknown failure strategy",
       with_step("type: batch_worker\nbatch_config: {batch_size: 1, parallelism: 1, "
                 "cursor_field: c, worker_template: w, failure_strategy: retry}"),
       {{8, "steps[0].batch_config.failure_strategy",
         "expected continue_on_failure, fail_fast or isolate, got `retry`"}}},
  };
  for (const BadText& bad : table) expect_problems(bad);
}

std::string event(const std::string& name, const std::string& more = "") {
  return with_step("publishes_events:\n  - {name: " + name +
                   ", description: d, schema: {type: object}" + more + "}");
}

TEST(ReadPublishedEvent, NamesAreWordsJoinedByDots) {
  for (const std::string name : {"a.b", "a.b.c", "order_1.paid", "_._", "0.1.2"}) {
    EXPECT_EQ(good(event(name)).steps.at(0).publishes_events.at(0).name, name);
  }
  for (const std::string name :
       {"ab", ".a.b", "a.b.", "a..b", "A.b", "a-b.c", "'a b.c'", "''", "'.'"}) {
    expect_problems(
        {name, event(name), {{8, "steps[0].publishes_events[0].name", "is not an event name"}}});
  }
}

TEST(ReadPublishedEvent, ChoicesAndPublishersAreChecked) {
  for (const std::string condition :
       {"success", "failure", "retryable_failure", "permanent_failure", "always"}) {
    EXPECT_EQ(good(event("a.b", ", condition: " + condition))
                  .steps.at(0)
                  .publishes_events.at(0)
                  .condition,
              condition);
  }
  for (const std::string mode : {"durable", "fast", "broadcast"}) {
    EXPECT_EQ(good(event("a.b", ", delivery_mode: " + mode))
                  .steps.at(0)
                  .publishes_events.at(0)
                  .delivery_mode,
              mode);
  }
  for (const std::string publisher : {"A", "a.b", "'A::B.c_1'", "_x"})
    good(event("a.b", ", publisher: " + publisher));
  const std::string at = "steps[0].publishes_events[0].";
  expect_problems({"condition",
                   event("a.b", ", condition: sucess"),
                   {{8, at + "condition", "did you mean `success`?"}}});
  expect_problems({"mode",
                   event("a.b", ", delivery_mode: slow"),
                   {{8, at + "delivery_mode", "expected durable, fast or broadcast, got `slow`"}}});
  for (const std::string publisher : {"''", "1a", "a..b", "a:b", "'a::'", "a.", "'a b'", "'::a'"}) {
    expect_problems({publisher,
                     event("a.b", ", publisher: " + publisher),
                     {{8, at + "publisher", "is not a publisher"}}});
  }
  expect_problems(
      {"unknown field", event("a.b", ", deliver: x"), {{8, at + "deliver", "unknown"}}});
}

TEST(ReadPublishedEvent, TheSchemaMustCompile) {
  const auto with_schema = [](const std::string& schema) {
    return with_step("publishes_events:\n  - {name: a.b, description: d, schema: " + schema + "}");
  };
  const std::string at = "steps[0].publishes_events[0].schema";
  good(with_schema("{type: object, required: [id], properties: {id: {pattern: '^p-[0-9]+$'}}}"));
  expect_problems({"pattern",
                   with_schema("{properties: {id: {pattern: '('}}}"),
                   {{8, at, "/properties/id/pattern is not a regular expression"}}});
  expect_problems({"reference",
                   with_schema("{$ref: '#/definitions/none'}"),
                   {{8, at, "/$ref leads to nothing in the schema"}}});
  expect_problems(
      {"loop", with_schema("{allOf: [{$ref: '#'}]}"), {{8, at, "to one value, or itself"}}});
  expect_problems({"a wrong part is told once, by its own path",
                   with_schema("{type: parcel}"),
                   {{8, at + ".type", "parcel"}}});
}

TEST(ReadPublishedEvent, NameDescriptionAndSchemaAreRequired) {
  const std::string at = "steps[0].publishes_events[0]";
  expect_problems({"empty",
                   with_step("publishes_events: [{}]"),
                   {{7, at + ".name", "missing"},
                    {7, at + ".description", "missing"},
                    {7, at + ".schema", "missing"}}});
  expect_problems({"no mapping",
                   with_step("publishes_events: [a.b]"),
                   {{7, at, "expected a mapping, got the string `a.b`"}}});
  expect_problems({"no list",
                   with_step("publishes_events: a.b"),
                   {{7, "steps[0].publishes_events", "expected a list"}}});
}

}  // namespace
}  // namespace tasker::engine
