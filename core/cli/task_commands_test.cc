#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cli/cli.h"
#include "core/cli/program_test_support.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class TaskCommands : public ProgramTest {
 protected:
  TaskCommands() { bed_.add_template(worker::kDiamondYaml); }

  /// Creates a task with the program and these options.
  std::string create(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"task", "create", "demo/diamond"});
    const Ran ran = run_json(std::move(options));
    EXPECT_EQ(ran.code, kExitOk) << ran.err;
    return std::string(std::string_view(parse(ran.out)["task_uuid"]));
  }
  store::TaskHeader header(const std::string& uuid) {
    return worker::must(bed_.store().find_task(*base::parse_uuid(uuid))).header;
  }
  Ran refuse(std::vector<std::string> options) {
    options.insert(options.begin(), {"task", "create", "demo/diamond"});
    return run_json(std::move(options));
  }
};

TEST_F(TaskCommands, CreateStoresWhatWasAsked) {
  const auto task = header(
      create({"--context", R"({"month":2})", "--priority", "-5", "--tag", "nightly", "--tag",
              "two words", "--reason", "because", "--initiator", "me", "--idempotency-key", "k"}));
  EXPECT_EQ(task.priority, -5);
  EXPECT_EQ(task.tags_json, R"(["nightly","two words"])");
  EXPECT_EQ(task.reason, "because");
  EXPECT_EQ(task.initiator, "me");
  EXPECT_EQ(task.source_system, "tasker-cli");
  EXPECT_EQ(task.idempotency_key, "k");
  EXPECT_THAT(task.context_json, HasSubstr(R"("year":2008)"));
  EXPECT_THAT(task.context_json, HasSubstr(R"("month":2)"));
}

TEST_F(TaskCommands, CreateSaysHowToFollowTheTask) {
  const Ran ran = run({"task", "create", "demo/diamond:1.0.0"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out,
              MatchesRegex("created task [0-9a-f-]{36} \\(demo/diamond:1.0.0, 4 steps\\)\n"));
  EXPECT_THAT(ran.err, HasSubstr("tasker task watch"));
}

TEST_F(TaskCommands, CreateReadsItsContextFromAFileOrStandardInput) {
  const std::string path = file("context.json", "{\"month\":3}\n");
  const std::string from_file = header(create({"--context-file", path})).context_json;
  EXPECT_THAT(from_file, HasSubstr(R"("month":3)"));
  EXPECT_THAT(from_file, Not(HasSubstr("\n")));
  RunOptions options;
  options.input = R"({"month":4})";
  const Ran ran = run_json({"task", "create", "demo/diamond", "--context-file", "-"}, options);
  const std::string uuid(std::string_view(parse(ran.out)["task_uuid"]));
  EXPECT_THAT(header(uuid).context_json, HasSubstr(R"("month":4)"));
}

TEST_F(TaskCommands, CreateWithAKnownKeyGivesTheTaskThatHasIt) {
  const std::string uuid = create({"--idempotency-key", "k"});
  const auto again =
      parse(run_json({"task", "create", "demo/diamond", "--idempotency-key", "k"}).out);
  EXPECT_EQ(std::string_view(again["task_uuid"]), uuid);
  EXPECT_TRUE(bool(again["duplicate"]));
  EXPECT_THAT(run({"task", "create", "demo/diamond", "--idempotency-key", "k"}).out,
              HasSubstr("nothing was created"));
}

TEST_F(TaskCommands, CreateRefusesBadInputByItsField) {
  const std::string large = file("large.json", "{\"t\":\"" + std::string(1U << 20, 'x') + "\"}");
  const std::vector<std::tuple<std::vector<std::string>, std::string, std::string>> cases = {
      {{"--context", "[1]"}, "INVALID_JSON", "context"},
      {{"--context", "{"}, "INVALID_JSON", "context"},
      {{"--context", ""}, "INVALID_JSON", "context"},
      {{"--context-file", large}, "TOO_LARGE", large},
      {{"--priority", "101"}, "INVALID_ARGUMENT", "priority"},
      {{"--idempotency-key", ""}, "INVALID_ARGUMENT", "idempotency_key"},
      {{"--idempotency-key", std::string(256, 'k')}, "INVALID_ARGUMENT", "idempotency_key"},
      {{"--reason", ""}, "INVALID_ARGUMENT", "reason"},
  };
  for (const auto& [options, code, field] : cases) {
    const Ran ran = refuse(options);
    EXPECT_EQ(ran.code, kExitRefused) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(error_code(ran), code);
    EXPECT_EQ(std::string_view(parse(ran.err)["error"]["field"]), field);
  }
}

TEST_F(TaskCommands, CreateOfAnUnknownTemplateIsNotFound) {
  for (const char* key : {"demo/none", "none/diamond", "diamond", "demo/diamond:9"}) {
    const Ran ran = run({"task", "create", key});
    EXPECT_EQ(ran.code, kExitNotFound) << key;
    EXPECT_THAT(ran.err, HasSubstr("tasker template list"));
  }
  EXPECT_EQ(run({"task", "create", "demo/diamond", "--context-file", "/none"}).code, kExitNotFound);
}

TEST_F(TaskCommands, ListShowsTasksWithTheirProgress) {
  EXPECT_THAT(run({"task", "list"}).err, HasSubstr("no such tasks"));
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  const Ran ran = run({"task", "list"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr(uuid.text()));
  EXPECT_THAT(ran.out, HasSubstr("1/4"));
  EXPECT_THAT(ran.out, HasSubstr("steps_in_process"));
}

TEST_F(TaskCommands, ListFiltersAndPages) {
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) {
    bed_.advance_us(1000);
    newest_first.insert(newest_first.begin(), bed_.create().text());
  }
  worker::must(bed_.store().cancel_task(*base::parse_uuid(newest_first[4]), bed_.now_us()));
  const auto page = parse(run_json({"task", "list", "--limit", "2", "--offset", "1"}).out);
  ASSERT_EQ(page["tasks"].get_array().size(), 2U);
  EXPECT_EQ(std::string_view(page["tasks"].at(0)["task_uuid"]), newest_first[1]);
  EXPECT_EQ(int64_t(page["pagination"]["total_count"]), 5);
  EXPECT_THAT(run({"task", "list", "--limit", "2", "--offset", "1"}).err, HasSubstr("2 to 3 of 5"));

  const auto count = [&](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"task", "list"});
    return int64_t(parse(run_json(filter).out)["pagination"]["total_count"]);
  };
  EXPECT_EQ(count({"--status", "cancelled"}), 1);
  EXPECT_EQ(count({"--namespace", "demo", "--name", "diamond"}), 5);
  EXPECT_EQ(count({"--namespace", "other"}), 0);
  EXPECT_EQ(run({"task", "list", "--status", "done"}).code, kExitRefused);
}

TEST_F(TaskCommands, ShowDrawsTheStepsAndWhatFailed) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  bed_.fail(uuid, "left", false, "bad \\u001b[31m row");
  const Ran ran = run({"task", "show", uuid.text()});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("blocked_by_failures (1 of 4 steps, 25 %)"));
  EXPECT_THAT(ran.out, HasSubstr("├─ left"));
  EXPECT_THAT(ran.out, HasSubstr("✖ error"));
  EXPECT_THAT(ran.out, HasSubstr("2.00 ms")) << "the handler's own time";
  EXPECT_THAT(ran.out, HasSubstr("left failed: bad \\u001b[31m row"))
      << "no text steers a terminal";
  EXPECT_THAT(ran.err, HasSubstr("tasker task retry " + uuid.text()));
}

TEST_F(TaskCommands, ShowIsTheTaskResponseWithItsStepsInJson) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load", R"({"rows":3})");
  const auto document = parse(run_json({"task", "show", uuid.text()}).out);
  EXPECT_EQ(std::string_view(document["status"]), "steps_in_process");
  EXPECT_EQ(document["steps"].get_array().size(), 4U);
  EXPECT_EQ(int64_t(document["step_details"].at(0)["results"]["result"]["rows"]), 3);
}

TEST_F(TaskCommands, TasksAreNamedByTheBeginningOrTheEndOfTheirIds) {
  const std::string uuid = bed_.create().text();
  bed_.advance_us(1000);
  const std::string other = bed_.create().text();
  EXPECT_THAT(run({"task", "show", uuid.substr(20)}).out, HasSubstr(uuid));
  EXPECT_THAT(run({"task", "show", uuid.substr(0, 30)}).out, HasSubstr(uuid));
  const Ran several = run({"task", "show", uuid.substr(0, 6)});
  EXPECT_EQ(several.code, kExitRefused);
  EXPECT_THAT(several.err, HasSubstr(other));
  EXPECT_EQ(run({"task", "show", uuid.substr(31)}).code, kExitRefused) << "too short";
  EXPECT_EQ(run({"task", "show", "not-a-uuid"}).code, kExitRefused);
  EXPECT_EQ(run({"task", "show", "ffffffffffff"}).code, kExitNotFound);
  EXPECT_EQ(run({"task", "show", base::Uuid{}.text()}).code, kExitNotFound);
}

TEST_F(TaskCommands, CancelCancelsOnce) {
  const base::Uuid uuid = bed_.create();
  bed_.succeed(uuid, "load");
  const Ran ran = run({"task", "cancel", uuid.text()});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_EQ(ran.out, "cancelled task " + uuid.text() + "; 1 of 4 steps had completed\n");
  EXPECT_EQ(worker::must(bed_.store().find_task(uuid)).state, model::TaskState::kCancelled);
  const Ran again = run_json({"task", "cancel", uuid.text()});
  EXPECT_EQ(again.code, kExitRefused);
  EXPECT_EQ(error_code(again), "INVALID_STATE");
  EXPECT_EQ(run({"task", "cancel", base::Uuid{}.text()}).code, kExitNotFound);
}

TEST_F(TaskCommands, CancelIsADocumentWithJson) {
  const base::Uuid uuid = bed_.create();
  const auto document = parse(run_json({"task", "cancel", uuid.text()}).out);
  EXPECT_TRUE(bool(document["cancelled"]));
  EXPECT_EQ(std::string_view(document["task_uuid"]), uuid.text());
}

TEST_F(TaskCommands, RetryLetsABlockedTaskGoOn) {
  const base::Uuid uuid = bed_.create();
  EXPECT_EQ(run({"task", "retry", uuid.text()}).code, kExitRefused) << "nothing has failed";
  bed_.succeed(uuid, "load");
  bed_.fail(uuid, "left", false);
  const auto document = parse(run_json({"task", "retry", uuid.text()}).out);
  EXPECT_EQ(int64_t(document["steps_reset"]), 1);
  for (const char* step : {"left", "right", "report"}) bed_.succeed(uuid, step);
  EXPECT_EQ(worker::must(bed_.store().find_task(uuid)).state, model::TaskState::kComplete);
  EXPECT_EQ(run({"task", "retry", uuid.text()}).code, kExitRefused);
  EXPECT_EQ(run({"task", "retry", base::Uuid{}.text()}).code, kExitNotFound);
}

TEST_F(TaskCommands, RetrySaysHowManyStepsGoOn) {
  const base::Uuid uuid = bed_.create();
  bed_.fail(uuid, "load", false);
  EXPECT_THAT(run({"task", "retry", uuid.text()}).out,
              HasSubstr("1 failed step given new attempts"));
}

}  // namespace
}  // namespace tasker::cli
