#include "core/model/template_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/random.h"

namespace tasker::model {
namespace {

using base::ErrorCode;
using base::Random;

TaskTemplate small_template() {
  TaskTemplate body;
  body.namespace_name = "logistics";
  body.name = "parcel_intake";
  body.version = "1.0.0";
  StepTemplate step;
  step.name = "register_parcel";
  step.handler.callable = "logistics.RegisterParcel";
  body.steps.push_back(step);
  return body;
}

/// A template in which every member is set.
TaskTemplate full_template() {
  TaskTemplate body = small_template();
  body.description = "Accept a parcel \"and\" route it\n";
  body.default_context_json = R"({"currency": "EUR", "big":36893488147419103232})";
  body.input_schema_json = "true";
  body.carried_json = R"({"lifecycle":{"max_duration_minutes":60}})";
  StepTemplate& step = body.steps[0];
  step.description = "";
  step.type = StepType::kBatchWorker;
  step.handler.method = "inspect";
  step.handler.resolver = "registry";
  step.handler.initialization_json = R"({"a":[1.50,{"b":null}]})";
  step.system_dependency = "primary";
  step.dependencies = {"é", "\""};
  step.retry = {.retryable = false,
                .max_attempts = 100,
                .backoff = Backoff::kFibonacci,
                .backoff_base_ms = 100,
                .max_backoff_ms = 3'600'000};
  step.timeout_seconds = 4'294'967'295;
  step.publishes_events = {{.name = "parcel.registered",
                            .description = "A parcel",
                            .condition = "always",
                            .schema_json = R"({"type":"object"})",
                            .delivery_mode = "fast",
                            .publisher = "a::b"}};
  step.batch_config = {.batch_size = 200,
                       .parallelism = 4,
                       .cursor_field = "item_no",
                       .worker_template = "weigh_items",
                       .failure_strategy = "isolate"};
  return body;
}

constexpr std::string_view kSmallJson =
    R"({"namespace_name":"logistics","name":"parcel_intake","version":"1.0.0",)"
    R"("default_context":{},"steps":[{"name":"register_parcel","type":"standard",)"
    R"("handler":{"callable":"logistics.RegisterParcel","initialization":{}},"dependencies":[],)"
    R"("retry":{"retryable":true,"max_attempts":3,"backoff":"exponential"},)"
    R"("publishes_events":[]}],"carried":{}})";

constexpr std::string_view kFullJson =
    R"({"namespace_name":"logistics","name":"parcel_intake","version":"1.0.0",)"
    R"("description":"Accept a parcel \"and\" route it\n",)"
    R"("default_context":{"currency": "EUR", "big":36893488147419103232},"input_schema":true,)"
    R"("steps":[{"name":"register_parcel","description":"","type":"batch_worker",)"
    R"("handler":{"callable":"logistics.RegisterParcel","method":"inspect","resolver":"registry",)"
    R"("initialization":{"a":[1.50,{"b":null}]}},"system_dependency":"primary",)"
    R"("dependencies":["é","\""],"retry":{"retryable":false,"max_attempts":100,)"
    R"("backoff":"fibonacci","backoff_base_ms":100,"max_backoff_ms":3600000},)"
    R"("timeout_seconds":4294967295,"publishes_events":[{"name":"parcel.registered",)"
    R"("description":"A parcel","condition":"always","schema":{"type":"object"},)"
    R"("delivery_mode":"fast","publisher":"a::b"}],"batch_config":{"batch_size":200,)"
    R"("parallelism":4,"cursor_field":"item_no","worker_template":"weigh_items",)"
    R"("failure_strategy":"isolate"}}],"carried":{"lifecycle":{"max_duration_minutes":60}}})";

TEST(TemplateJson, LeavesOutWhatIsNotSet) {
  EXPECT_EQ(template_to_json(small_template()), kSmallJson);
}

TEST(TemplateJson, HasEveryMemberThatIsSet) {
  EXPECT_EQ(template_to_json(full_template()), kFullJson);
}

TEST(TemplateJson, EveryMemberComesBack) {
  const auto read = template_from_json(kFullJson);
  ASSERT_TRUE(read) << read.error().message;
  const TaskTemplate expected = full_template();
  EXPECT_EQ(read->description, expected.description);
  EXPECT_EQ(read->default_context_json, expected.default_context_json);
  EXPECT_EQ(read->input_schema_json, expected.input_schema_json);
  EXPECT_EQ(read->carried_json, expected.carried_json);
  ASSERT_EQ(read->steps.size(), 1U);
  const StepTemplate& step = read->steps[0];
  EXPECT_EQ(step.description, "");
  EXPECT_EQ(step.type, StepType::kBatchWorker);
  EXPECT_EQ(step.handler.method, "inspect");
  EXPECT_EQ(step.handler.resolver, "registry");
  EXPECT_EQ(step.handler.initialization_json, R"({"a":[1.50,{"b":null}]})");
  EXPECT_EQ(step.system_dependency, "primary");
  EXPECT_EQ(step.dependencies, (std::vector<std::string>{"é", "\""}));
  EXPECT_FALSE(step.retry.retryable);
  EXPECT_EQ(step.retry.max_attempts, 100U);
  EXPECT_EQ(step.retry.backoff, Backoff::kFibonacci);
  EXPECT_EQ(step.retry.backoff_base_ms, 100U);
  EXPECT_EQ(step.retry.max_backoff_ms, 3'600'000U);
  EXPECT_EQ(step.timeout_seconds, 4'294'967'295U);
  ASSERT_EQ(step.publishes_events.size(), 1U);
  EXPECT_EQ(step.publishes_events[0].condition, "always");
  EXPECT_EQ(step.publishes_events[0].schema_json, R"({"type":"object"})");
  EXPECT_EQ(step.publishes_events[0].publisher, "a::b");
  ASSERT_TRUE(step.batch_config);
  EXPECT_EQ(step.batch_config->batch_size, 200U);
  EXPECT_EQ(step.batch_config->failure_strategy, "isolate");
}

TEST(TemplateJson, WhatIsNotSetStaysUnset) {
  const auto read = template_from_json(kSmallJson);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->description);
  EXPECT_FALSE(read->input_schema_json);
  const StepTemplate& step = read->steps.at(0);
  EXPECT_FALSE(step.description || step.handler.method || step.handler.resolver ||
               step.system_dependency || step.timeout_seconds || step.retry.backoff_base_ms ||
               step.retry.max_backoff_ms || step.batch_config);
}

/// Random templates, members in any combination and strings of any characters.
class TemplateMaker {
 public:
  explicit TemplateMaker(std::uint64_t seed) : random_(seed) {}

  TaskTemplate make() {
    TaskTemplate body;
    body.namespace_name = text();
    body.name = text();
    body.version = text();
    body.description = maybe(text());
    body.default_context_json = object();
    if (chance()) body.input_schema_json = chance() ? object() : "false";
    for (std::uint64_t i = random_.below(6); i > 0; --i) body.steps.push_back(step());
    body.carried_json = object();
    return body;
  }

 private:
  bool chance() { return random_.below(2) == 0; }

  template <class Value>
  std::optional<Value> maybe(Value given) {
    return chance() ? std::optional<Value>(std::move(given)) : std::nullopt;
  }

  std::uint32_t number() {
    return static_cast<std::uint32_t>(chance() ? random_.below(10) : random_.next());
  }

  std::string text() {
    static constexpr std::string_view kPieces[] = {"a",  "Z9_.", " ", "\"", "\\",         "\n",
                                                   "\t", "\x01", "é", "日", "\U0001F600", "{}[],:"};
    std::string out;
    for (std::uint64_t i = random_.below(8); i > 0; --i) {
      out += kPieces[random_.below(std::size(kPieces))];
    }
    if (random_.below(20) == 0) out += '\0';
    return out;
  }

  std::string object() {
    static constexpr std::string_view kValues[] = {
        "1",  "-0.50", "1E400", "36893488147419103232", "null",       "true", R"("\ud800")",
        "[]", "{}",    "[ 1 ]", R"({"x": "}\"]"})",     R"("\u0000")"};
    std::string out = "{";
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      if (out.size() > 1) out += chance() ? "," : " , ";
      base::append_json_string(out, text());
      out += chance() ? ":" : "\n:\t";
      out += kValues[random_.below(std::size(kValues))];
    }
    return out + "}";
  }

  StepTemplate step() {
    StepTemplate made;
    made.name = text();
    made.description = maybe(text());
    made.type = static_cast<StepType>(random_.below(5));
    made.handler = {text(), maybe(text()), maybe(text()), object()};
    made.system_dependency = maybe(text());
    for (std::uint64_t i = random_.below(4); i > 0; --i) made.dependencies.push_back(text());
    made.retry = {chance(), number(), static_cast<Backoff>(random_.below(5)), maybe(number()),
                  maybe(number())};
    made.timeout_seconds = maybe(number());
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      made.publishes_events.push_back({text(), text(), text(), object(), text(), maybe(text())});
    }
    made.batch_config = maybe(BatchConfig{number(), number(), text(), text(), text()});
    return made;
  }

  Random random_;
};

// Compared as text: template_to_json shows every member, which the tests above make sure of.
TEST(TemplateJson, RandomTemplatesComeBackExactly) {
  constexpr std::uint64_t kSeed = 20260105;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  TemplateMaker maker(kSeed);
  for (int round = 0; round < 3000; ++round) {
    const std::string json = template_to_json(maker.make());
    ASSERT_TRUE(base::check_json_object(json, "json")) << json;
    const auto read = template_from_json(json);
    ASSERT_TRUE(read) << read.error().message << "\n" << json;
    ASSERT_EQ(template_to_json(*read), json);
  }
}

TEST(TemplateJson, ADamagedTextIsRefusedOrReadButNeverMisread) {
  constexpr std::uint64_t kSeed = 20260106;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  Random random(kSeed);
  constexpr std::string_view kBytes = "{}[],:\"\\ 01-.eEtrufalsn\n\x80\xC3";
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string json(kFullJson);
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      const std::size_t at = random.below(json.size());
      if (random.below(2) == 0) {
        json[at] = kBytes[random.below(kBytes.size())];
      } else {
        json.erase(at, 1 + random.below(20));
      }
    }
    const auto read = template_from_json(json);
    if (read) {
      const std::string again = template_to_json(*read);
      ASSERT_TRUE(template_from_json(again)) << json << "\n" << again;
      continue;
    }
    ++refused;
    ASSERT_EQ(read.error().code, ErrorCode::kINVALID_TEMPLATE);
    ASSERT_FALSE(read.error().field.empty()) << json;
    ASSERT_FALSE(read.error().message.empty()) << json;
  }
  EXPECT_GT(refused, 10'000);
}

/// kFullJson with one part replaced.
std::string with(std::string_view part, std::string_view replacement) {
  std::string json(kFullJson);
  const std::size_t at = json.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return json.replace(at, part.size(), replacement);
}

TEST(TemplateFromJson, NamesTheFieldAtFault) {
  const struct {
    std::string json;
    std::string field;
    std::string message;
  } cases[] = {
      {"", "template", "template is not JSON: at byte 0 the text ends where a value is expected"},
      {"[]", "template", "template is `[]`; a JSON object is expected"},
      {"{}", "namespace_name", "namespace_name is missing"},
      {with(R"("name":"parcel_intake",)", ""), "name", "name is missing"},
      {with(R"("version":"1.0.0")", R"("version":1.0)"), "version",
       "version is `1.0`; expected a string"},
      {with(R"("version":"1.0.0")", R"("version":"\ud800")"), "version",
       "version is `\"\\ud800\"`; expected a string"},
      {with(R"("description":"Accept a parcel \"and\" route it\n")", R"("description":null)"),
       "description", "description is `null`; expected a string"},
      {with(R"("carried":{)", R"("extra":{)"), "template",
       "template has the unknown member `extra`"},
      {with(R"("callable":)", R"("\ncallable":)"), "steps[0].handler",
       "steps[0].handler has the unknown member `\\ncallable`"},
      {with(R"("input_schema":true)", R"("version":"2")"), "version", "version is given twice"},
      {with(R"("default_context":{)", R"("default_context":[],"carried":{)"), "default_context",
       "default_context is `[]`; expected an object"},
      {with(R"("type":"batch_worker")", R"("type":"batch")"), "steps[0].type",
       "steps[0].type is `batch`; expected standard, decision, deferred_convergence, batchable or "
       "batch_worker"},
      {with(R"("callable":"logistics.RegisterParcel",)", ""), "steps[0].handler.callable",
       "steps[0].handler.callable is missing"},
      {with(R"(["é","\""])", R"(["é",7])"), "steps[0].dependencies[1]",
       "steps[0].dependencies[1] is `7`; expected a string"},
      {with(R"(["é","\""])", R"("é")"), "steps[0].dependencies",
       "steps[0].dependencies is `\"é\"`; expected a list"},
      {with(R"("retryable":false)", R"("retryable":0)"), "steps[0].retry.retryable",
       "steps[0].retry.retryable is `0`; expected true or false"},
      {with(R"("backoff":"fibonacci")", R"("backoff":"quadratic")"), "steps[0].retry.backoff",
       "steps[0].retry.backoff is `quadratic`; expected none, fixed, linear, exponential or "
       "fibonacci"},
      {with(R"("batch_size":200)", R"("batch_size":-1)"), "steps[0].batch_config.batch_size",
       "steps[0].batch_config.batch_size is `-1`; expected a whole number from 0 to 4294967295"},
      {with(R"("schema":{"type":"object"},)", ""), "steps[0].publishes_events[0].schema",
       "steps[0].publishes_events[0].schema is missing"},
      {with(R"([{"name":"parcel.registered")", R"([null,{"name":"parcel.registered")"),
       "steps[0].publishes_events[0]",
       "steps[0].publishes_events[0] is `null`; expected an object"},
  };
  for (const auto& one : cases) {
    const auto read = template_from_json(one.json);
    ASSERT_FALSE(read) << one.field;
    EXPECT_EQ(read.error().code, ErrorCode::kINVALID_TEMPLATE);
    EXPECT_EQ(read.error().field, one.field);
    EXPECT_EQ(read.error().message, one.message);
  }
}

TEST(TemplateFromJson, NumbersEndAtThirtyTwoBits) {
  const std::string field = R"("timeout_seconds":4294967295)";
  EXPECT_TRUE(template_from_json(with(field, R"("timeout_seconds":0)")));
  for (const std::string_view wrong :
       {"4294967296", "-1", "1.0", "1e3", "\"1\"", "[1]", "36893488147419103232"}) {
    const auto read = template_from_json(with(field, R"("timeout_seconds":)" + std::string(wrong)));
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().field, "steps[0].timeout_seconds") << wrong;
  }
}

TEST(TemplateFromJson, EmbeddedJsonMayBeAsDeepAsAnyChecked) {
  TaskTemplate body = small_template();
  const std::size_t depth = base::JsonLimits{}.depth_max - 1;
  body.steps[0].handler.initialization_json =
      "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  ASSERT_TRUE(base::check_json_object(body.steps[0].handler.initialization_json, "embedded"));
  const std::string json = template_to_json(body);
  const auto read = template_from_json(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(template_to_json(*read), json);
}

TEST(TemplateFromJson, RefusesATextThatIsNestedTooDeep) {
  const auto read =
      template_from_json(with(R"("carried":{)", R"("carried":{"a":)" + std::string(300, '[') +
                                                    std::string(300, ']') + ","));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kINVALID_TEMPLATE);
}

}  // namespace
}  // namespace tasker::model
