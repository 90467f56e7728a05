#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cli/cli.h"
#include "core/cli/program_test_support.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;

class WorkerCommands : public ProgramTest {
 protected:
  void describe(std::string_view handlers_json) {
    const auto workers = bed_.store().list_workers();
    ASSERT_TRUE(workers);
    ASSERT_TRUE(bed_.store().describe_handlers(workers->at(0).id, handlers_json));
  }
};

TEST_F(WorkerCommands, ListTellsWhereEachHandlerRunsAndWhy) {
  describe(R"([{"callable":"Resize","executor":"threads","why":"config","max_concurrent":2,)"
           R"("deadline_ms":null},)"
           R"({"callable":"Mail","executor":"main","why":"fallback: no threads here"}])");
  const Ran ran = run({"worker", "list"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("test-worker"));
  EXPECT_THAT(ran.out, testing::ContainsRegex("Resize +threads +config"));
  EXPECT_THAT(ran.out, testing::ContainsRegex("Mail +main +fallback: no threads here"));
  const Ran json = run_json({"worker", "list"});
  const auto worker = parse(json.out)["workers"].at(0);
  EXPECT_EQ(std::string_view(worker["name"]), "test-worker");
  EXPECT_EQ(std::string_view(worker["handlers"].at(0)["executor"]), "threads");
  EXPECT_EQ(std::int64_t(worker["handlers"].at(0)["max_concurrent"]), 2);
}

TEST_F(WorkerCommands, AWorkerThatNamedNoHandlersIsListedToo) {
  const Ran ran = run({"worker", "list"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, testing::ContainsRegex("test-worker.*none named"));
}

TEST_F(WorkerCommands, AStoreWithoutWorkersIsSaidToHaveNone) {
  bed_.leave();
  EXPECT_THAT(run({"worker", "list"}).err, HasSubstr("no worker has this store open"));
  EXPECT_EQ(parse(run_json({"worker", "list"}).out)["workers"].get_array().size(), 0U);
}

TEST_F(WorkerCommands, DamagedHandlersAreAnErrorThatNamesThem) {
  describe("[1]");
  const Ran ran = run({"worker", "list"});
  EXPECT_NE(ran.code, kExitOk);
  EXPECT_THAT(ran.err, HasSubstr("handlers of worker test-worker[0] is 1; expected an object"));
  describe("not JSON");
  EXPECT_THAT(run({"worker", "list"}).err, HasSubstr("handlers of worker test-worker"));
  EXPECT_TRUE(parse(run_json({"worker", "list"}).out)["workers"].at(0)["handlers"].is_null());
}

}  // namespace
}  // namespace tasker::cli
