#include "core/worker/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "core/worker/client_test_support.h"
#include "core/worker/task_view.h"
#include "core/worker/timestamp.h"

namespace tasker::worker {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

std::vector<std::string> keys(simdjson::dom::object object) {
  std::vector<std::string> names;
  for (const auto member : object) names.emplace_back(member.key);
  return names;
}

std::string text(simdjson::dom::element element) { return std::string(std::string_view(element)); }

class Client : public testing::Test {
 protected:
  Client() { bed_.add_template(kDiamondYaml); }

  /// Parses; what was parsed before is gone then.
  simdjson::dom::element parse(base::Result<std::string> json) {
    json_ = must(std::move(json));
    return parser_.parse(json_).value();
  }
  simdjson::dom::element task(const base::Uuid& uuid) {
    return parse(task_json(bed_.store(), uuid));
  }
  simdjson::dom::element steps(const base::Uuid& uuid) {
    return parse(task_steps_json(bed_.store(), uuid));
  }
  static base::Uuid step_uuid(const base::Uuid& task, std::uint64_t index) {
    return base::derive_uuid(task, index);
  }

  StoreBed bed_;
  std::string json_;
  simdjson::dom::parser parser_;
};

TEST_F(Client, TaskHasTheMembersOfTheContract) {
  const auto document = task(bed_.create());
  EXPECT_THAT(keys(document),
              ElementsAre("task_uuid", "name", "namespace", "version", "status", "created_at",
                          "updated_at", "completed_at", "context", "initiator", "source_system",
                          "reason", "priority", "tags", "correlation_id", "parent_correlation_id",
                          "total_steps", "pending_steps", "in_progress_steps", "completed_steps",
                          "failed_steps", "ready_steps", "execution_status", "recommended_action",
                          "completion_percentage", "health_status", "steps"));
  EXPECT_THAT(keys(document["steps"].at(0)),
              ElementsAre("workflow_step_uuid", "task_uuid", "named_step_uuid", "name",
                          "current_state", "dependencies_satisfied", "retry_eligible",
                          "ready_for_execution", "total_parents", "completed_parents", "attempts",
                          "max_attempts", "backoff_request_seconds", "last_failure_at",
                          "next_retry_at", "last_attempted_at"));
}

TEST_F(Client, NewTaskHasOneReadyStepAndWaitsForTheRest) {
  const base::Uuid uuid = bed_.create();
  const auto document = task(uuid);
  EXPECT_EQ(text(document["task_uuid"]), uuid.text());
  EXPECT_EQ(text(document["status"]), "steps_in_process");
  EXPECT_EQ(text(document["created_at"]), "2026-02-16T11:04:05Z");
  EXPECT_TRUE(document["completed_at"].is_null());
  EXPECT_EQ(int64_t(document["total_steps"]), 4);
  EXPECT_EQ(int64_t(document["pending_steps"]), 4);
  EXPECT_EQ(int64_t(document["ready_steps"]), 1);
  EXPECT_EQ(text(document["execution_status"]), "has_ready_steps");
  EXPECT_EQ(text(document["recommended_action"]), "execute_ready_steps");
  EXPECT_EQ(text(document["health_status"]), "healthy");
  const auto report = document["steps"].at(3);
  EXPECT_EQ(text(report["name"]), "report");
  EXPECT_EQ(text(report["current_state"]), "pending");
  EXPECT_EQ(int64_t(report["total_parents"]), 2);
  EXPECT_EQ(int64_t(report["completed_parents"]), 0);
  EXPECT_FALSE(bool(report["dependencies_satisfied"]));
  EXPECT_TRUE(report["last_attempted_at"].is_null());
}

TEST_F(Client, ContextIsTheRequestsOverTheTemplates) {
  TaskRequest request;
  request.context_json = R"({"month":7})";
  const auto context = task(bed_.create(request))["context"];
  EXPECT_EQ(int64_t(context["year"]), 2008);
  EXPECT_EQ(int64_t(context["month"]), 7);
}

TEST_F(Client, RunningStepMakesTheTaskProcessing) {
  const base::Uuid uuid = bed_.create();
  bed_.claim(uuid, "load");
  const auto document = task(uuid);
  EXPECT_EQ(int64_t(document["in_progress_steps"]), 1);
  EXPECT_EQ(int64_t(document["ready_steps"]), 0);
  EXPECT_EQ(text(document["execution_status"]), "processing");
  EXPECT_EQ(text(document["recommended_action"]), "wait_for_completion");
  EXPECT_EQ(text(document["steps"].at(0)["last_attempted_at"]), "2026-02-16T11:04:05");
}

TEST_F(Client, WaitingForABackOffIsRecoveringAndSaysUntilWhen) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  bed_.succeed(uuid, "left");
  bed_.fail(uuid, "right", true);
  const std::int64_t failed_at_us = bed_.now_us();
  const auto document = task(uuid);
  EXPECT_EQ(text(document["execution_status"]), "waiting_for_dependencies");
  EXPECT_EQ(text(document["recommended_action"]), "wait_for_dependencies");
  EXPECT_EQ(text(document["health_status"]), "recovering");
  EXPECT_EQ(double(document["completion_percentage"]), 50.0);
  const auto right = document["steps"].at(2);
  EXPECT_EQ(text(right["current_state"]), "waiting_for_retry");
  EXPECT_TRUE(bool(right["retry_eligible"]));
  EXPECT_EQ(int64_t(right["attempts"]), 1);
  EXPECT_EQ(int64_t(right["max_attempts"]), 2);
  std::string failure;
  append_time(failure, failed_at_us, TimeSpelling::kReadiness);
  std::string retry;
  append_time(retry, failed_at_us + 60'000'000, TimeSpelling::kReadiness);
  EXPECT_EQ(text(right["last_failure_at"]), failure);
  EXPECT_EQ(text(right["next_retry_at"]), retry);
}

TEST_F(Client, FailureForGoodBlocksTheTask) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  bed_.fail(uuid, "left", false);
  const auto document = task(uuid);
  EXPECT_EQ(text(document["status"]), "blocked_by_failures");
  EXPECT_EQ(text(document["execution_status"]), "blocked_by_failures");
  EXPECT_EQ(text(document["recommended_action"]), "handle_failures");
  EXPECT_EQ(text(document["health_status"]), "blocked");
  EXPECT_EQ(int64_t(document["failed_steps"]), 1);
  EXPECT_FALSE(bool(document["steps"].at(1)["retry_eligible"]));
  EXPECT_FALSE(bool(document["steps"].at(2)["ready_for_execution"])) << "held by the failure";
}

TEST_F(Client, CompleteTaskSaysWhenAndRecommendsNothing) {
  const base::Uuid uuid = bed_.create();
  for (const char* step : {"load", "left", "right", "report"}) bed_.succeed(uuid, step);
  const auto document = task(uuid);
  EXPECT_EQ(text(document["status"]), "complete");
  EXPECT_EQ(text(document["execution_status"]), "all_complete");
  EXPECT_EQ(text(document["recommended_action"]), "none");
  EXPECT_EQ(double(document["completion_percentage"]), 100.0);
  EXPECT_EQ(text(document["completed_at"]), "2026-02-16T11:04:05.006Z");
}

TEST_F(Client, PercentageHasTwoDecimals) {
  bed_.add_template(
      "{name: three, namespace_name: demo, version: 1.0.0, steps: [{name: a, handler: {callable: "
      "h}}, {name: b, handler: {callable: h}}, {name: c, handler: {callable: h}}]}");
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "a");
  EXPECT_EQ(double(task(uuid)["completion_percentage"]), 33.33);
  bed_.succeed(uuid, "b");
  EXPECT_EQ(double(task(uuid)["completion_percentage"]), 66.67);
}

TEST_F(Client, UnknownTaskIsNotFound) {
  const auto result = task_json(bed_.store(), base::Uuid{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::kNOT_FOUND);
}

TEST_F(Client, StepHasTheMembersOfTheContractAndItsResultDocument) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load", R"({"rows": [1, 2]})");
  const auto step = steps(uuid).at(0).value();
  EXPECT_THAT(
      keys(step),
      ElementsAre("step_uuid", "task_uuid", "name", "created_at", "updated_at", "completed_at",
                  "results", "current_state", "dependencies_satisfied", "retry_eligible",
                  "ready_for_execution", "total_parents", "completed_parents", "attempts",
                  "max_attempts", "last_failure_at", "next_retry_at", "last_attempted_at"));
  EXPECT_EQ(text(step["step_uuid"]), step_uuid(uuid, 0).text());
  EXPECT_EQ(text(step["created_at"]), "2026-02-16T11:04:05.000000Z");
  EXPECT_EQ(text(step["completed_at"]), "2026-02-16T11:04:05.001500Z");
  const auto results = step["results"];
  EXPECT_EQ(text(results["step_uuid"]), step_uuid(uuid, 0).text());
  EXPECT_TRUE(bool(results["success"]));
  EXPECT_EQ(text(results["status"]), "completed");
  EXPECT_EQ(int64_t(results["metadata"]["execution_time_ms"]), 2);
  EXPECT_NE(json_.find(R"("result":{"rows": [1, 2]})"), std::string::npos) << "the text as it was";
}

TEST_F(Client, FailedStepTellsItsErrorInItsResultDocument) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  bed_.fail(uuid, "left", false, "bad row");
  const auto results = steps(uuid).at(1)["results"].value();
  EXPECT_FALSE(bool(results["success"]));
  EXPECT_EQ(text(results["status"]), "failed");
  EXPECT_EQ(keys(results["result"]).size(), 0U);
  EXPECT_EQ(text(results["error"]["message"]), "bad row");
  EXPECT_EQ(text(results["error"]["error_type"]), "TestError");
}

TEST_F(Client, UnrunStepHasNoResults) {
  EXPECT_TRUE(steps(bed_.create()).at(0)["results"].is_null());
}

TEST_F(Client, OneStepIsTheSameAsInTheList) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load", R"({"rows":3})");
  const std::string alone = must(step_json(bed_.store(), uuid, step_uuid(uuid, 0)));
  EXPECT_NE(must(task_steps_json(bed_.store(), uuid)).find(alone), std::string::npos);
}

TEST_F(Client, StepOfAnotherTaskIsNotFound) {
  const base::Uuid uuid = bed_.create();
  const auto result = step_json(bed_.store(), uuid, step_uuid(bed_.create(), 0));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::kNOT_FOUND);
  EXPECT_EQ(result.error().field, "step_uuid");
}

TEST_F(Client, AuditTellsEveryAttemptInItsOrder) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  bed_.fail(uuid, "right", true);
  bed_.advance_us(61'000'000);
  bed_.succeed(uuid, "right", R"({"ok":1})");
  const auto entries = parse(step_audit_json(bed_.store(), uuid, step_uuid(uuid, 2))).get_array();
  ASSERT_EQ(entries.size(), 2U);
  const auto first = entries.at(0);
  EXPECT_THAT(keys(first),
              ElementsAre("audit_uuid", "workflow_step_uuid", "transition_uuid", "task_uuid",
                          "recorded_at", "correlation_id", "success", "execution_time_ms", "result",
                          "step_name", "from_state", "to_state"));
  EXPECT_FALSE(bool(first["success"]));
  EXPECT_EQ(text(first["to_state"]), "enqueued_as_error_for_orchestration");
  EXPECT_EQ(text(first["result"]["type"]), "EnqueueAsErrorForOrchestration");
  EXPECT_EQ(text(first["result"]["data"]["error"]["message"]), "no luck");
  EXPECT_EQ(int64_t(first["execution_time_ms"]), 3) << "2.5 ms, rounded";
  const auto second = entries.at(1);
  EXPECT_TRUE(bool(second["success"]));
  EXPECT_EQ(text(second["from_state"]), "in_progress");
  EXPECT_EQ(text(second["to_state"]), "enqueued_for_orchestration");
  EXPECT_EQ(int64_t(second["result"]["data"]["result"]["ok"]), 1);
  EXPECT_NE(text(first["audit_uuid"]), text(second["audit_uuid"]));
  EXPECT_NE(text(second["audit_uuid"]), text(second["transition_uuid"]));
}

TEST_F(Client, AuditOfAnUnrunStepIsEmpty) {
  const base::Uuid uuid = bed_.create();
  EXPECT_EQ(parse(step_audit_json(bed_.store(), uuid, step_uuid(uuid, 3))).get_array().size(), 0U);
}

TEST_F(Client, ListGivesTheWindowThatWasAskedFor) {
  std::vector<std::string> newest_first;
  for (int i = 0; i < 7; ++i) {
    bed_.advance_us(1000);
    newest_first.insert(newest_first.begin(), bed_.create().text());
  }
  const auto list = [&](std::uint32_t limit, std::uint32_t offset) {
    store::TaskFilter filter;
    filter.limit = limit;
    filter.offset = offset;
    return parse(task_list_json(bed_.store(), filter));
  };
  const auto middle = list(3, 2);
  ASSERT_EQ(middle["tasks"].get_array().size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(text(middle["tasks"].at(i)["task_uuid"]), newest_first[2 + i]);
  }
  EXPECT_THAT(keys(middle["pagination"]), ElementsAre("page", "per_page", "total_count",
                                                      "total_pages", "has_next", "has_previous"));
  EXPECT_EQ(int64_t(middle["pagination"]["total_count"]), 7);
  EXPECT_EQ(int64_t(middle["pagination"]["total_pages"]), 3);
  EXPECT_TRUE(bool(middle["pagination"]["has_next"]));
  EXPECT_TRUE(bool(middle["pagination"]["has_previous"]));
  const auto end = list(3, 4);
  EXPECT_EQ(end["tasks"].get_array().size(), 3U);
  EXPECT_FALSE(bool(end["pagination"]["has_next"]));
  EXPECT_EQ(int64_t(list(3, 6)["pagination"]["page"]), 3);
  EXPECT_FALSE(bool(list(7, 0)["pagination"]["has_previous"]));
}

TEST_F(Client, ListFiltersByState) {
  const base::Uuid cancelled = bed_.create();
  bed_.create();
  must(bed_.store().cancel_task(cancelled, bed_.now_us()));
  const auto list =
      parse(task_list_json(bed_.store(), must(read_task_filter(R"({"status":"cancelled"})"))));
  ASSERT_EQ(list["tasks"].get_array().size(), 1U);
  EXPECT_EQ(text(list["tasks"].at(0)["task_uuid"]), cancelled.text());
  EXPECT_EQ(text(list["tasks"].at(0)["recommended_action"]), "none");
}

TEST_F(Client, TemplatesAreListedWithTheirHandlers) {
  const auto list = parse(template_list_json(bed_.store()));
  ASSERT_EQ(list.get_array().size(), 1U);
  const auto entry = list.at(0);
  EXPECT_THAT(keys(entry), ElementsAre("template_uuid", "namespace", "name", "version", "revision",
                                       "created_at", "description", "step_count", "handlers"));
  EXPECT_EQ(text(entry["description"]), "Four steps");
  EXPECT_EQ(int64_t(entry["step_count"]), 4);
  EXPECT_EQ(text(entry["handlers"].at(3)), "demo.Report");
}

TEST_F(Client, TemplateIsShownWhole) {
  const auto shown = parse(template_json(bed_.store(), "demo", "diamond", ""));
  EXPECT_EQ(text(shown["version"]), "1.0.0");
  EXPECT_THAT(text(shown["template_uuid"]), MatchesRegex("[0-9a-f-]{36}"));
  EXPECT_EQ(text(shown["template"]["steps"].at(1)["handler"]["callable"]), "demo.Left");
  EXPECT_EQ(template_json(bed_.store(), "demo", "diamond", "9.9.9").error().code,
            base::ErrorCode::kNOT_FOUND);
}

}  // namespace
}  // namespace tasker::worker
