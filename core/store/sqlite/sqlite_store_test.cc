#include "core/store/sqlite/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "core/store/sqlite/schema.h"

namespace tasker::store::sqlite {
namespace {

using base::ErrorCode;

class SqliteOpen : public testing::Test {
 protected:
  SqliteOpen() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tasker-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    options_.path = folder_ / "tasker.db";
  }
  ~SqliteOpen() override { std::filesystem::remove_all(folder_); }

  base::Result<std::unique_ptr<Store>> open() { return sqlite::open(options_, logger_); }

  ErrorCode open_error() {
    auto store = open();
    EXPECT_FALSE(store);
    if (store) return ErrorCode::kINTERNAL;
    EXPECT_FALSE(store.error().message.empty());
    EXPECT_EQ(store.error().field, "store_path");
    return store.error().code;
  }

  void run_sql(const std::string& sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(options_.path.c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
  }

  void write_file(const std::string& content) const {
    std::ofstream(options_.path, std::ios::binary) << content;
  }

  /// Runs `body` in a child process; its return value is the exit status.
  static int in_child(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static model::TaskTemplate small_template(const std::string& name) {
    model::TaskTemplate body;
    body.namespace_name = "test";
    body.name = name;
    body.version = "1.0.0";
    body.steps.resize(1);
    body.steps[0].name = "only";
    body.steps[0].handler.callable = "work";
    return body;
  }

  std::filesystem::path folder_;
  Options options_;
  const std::shared_ptr<base::Logger> logger_ = base::make_null_logger();
};

TEST_F(SqliteOpen, MakesAStoreAndFindsItAgain) {
  ASSERT_TRUE((*open())->put_template(small_template("kept"), 1));
  options_.mode = OpenMode::kExisting;
  auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE((*store)->find_template("test", "kept", "1.0.0"));
  EXPECT_EQ((*store)->info()->schema_version, newest_schema_version());
  EXPECT_EQ((*store)->info()->durability, "full");
}

TEST_F(SqliteOpen, NormalDurabilityIsWhatTheInfoSays) {
  options_.durability = Durability::kNormal;
  EXPECT_EQ((*open())->info()->durability, "normal");
}

TEST_F(SqliteOpen, AMissingFileIsNotFoundUnlessItMayBeMade) {
  options_.mode = OpenMode::kExisting;
  EXPECT_EQ(open_error(), ErrorCode::kNOT_FOUND);
  options_.mode = OpenMode::kReadOnly;
  EXPECT_EQ(open_error(), ErrorCode::kNOT_FOUND);
  EXPECT_FALSE(std::filesystem::exists(options_.path));
}

TEST_F(SqliteOpen, AMissingFolderMakesTheStoreUnavailable) {
  options_.path = folder_ / "nowhere" / "tasker.db";
  EXPECT_EQ(open_error(), ErrorCode::kSTORE_UNAVAILABLE);
}

TEST_F(SqliteOpen, AFileNameLeavesRoomForTheFilesBeside) {
  options_.path = folder_ / std::string(247, 'a');
  EXPECT_TRUE(open());
  options_.path = folder_ / std::string(248, 'a');
  EXPECT_EQ(open_error(), ErrorCode::kINVALID_ARGUMENT);
}

TEST_F(SqliteOpen, APathThatIsNoFileNameIsRefused) {
  for (const std::string& path :
       {std::string(), std::string(":memory:"), std::string("file:x?mode=memory"),
        std::string("a\0b", 3), folder_.string()}) {
    options_.path = path;
    EXPECT_EQ(open_error(), ErrorCode::kINVALID_ARGUMENT) << path;
  }
}

TEST_F(SqliteOpen, AFileThatIsNoDatabaseIsCorrupt) {
  write_file(std::string(10'000, 'x'));
  EXPECT_EQ(open_error(), ErrorCode::kSTORE_CORRUPT);
}

TEST_F(SqliteOpen, ADatabaseOfAnotherProgramIsLeftAlone) {
  run_sql("CREATE TABLE theirs (id INTEGER)");
  EXPECT_EQ(open_error(), ErrorCode::kSTORE_CORRUPT);
  run_sql("INSERT INTO theirs VALUES (1)");
}

TEST_F(SqliteOpen, AStoreOfANewerVersionIsRefused) {
  ASSERT_TRUE(open());
  run_sql("PRAGMA user_version = 999");
  EXPECT_EQ(open_error(), ErrorCode::kSTORE_SCHEMA_NEWER);
}

TEST_F(SqliteOpen, AStoreOfTheFirstVersionIsBroughtUpWithItsRows) {
  const auto create_task = [&](Store& store) {
    auto put = store.put_template(small_template("kept"), 1);
    ASSERT_TRUE(put);
    auto plan = std::make_shared<TaskPlan>();
    plan->steps.push_back({0, put->stored.handler_of_step[0], 0, true});
    plan->sink_count = 1;
    WriteBatch batch;
    NewTask task;
    task.uuid.bytes[0] = 7;
    task.template_id = put->stored.id;
    task.plan = std::move(plan);
    task.context_json = "{}";
    batch.tasks.push_back(std::move(task));
    batch.budget.worker = model::WorkerId{5};
    batch.budget.executor_of_handler.assign(
        static_cast<std::size_t>(put->stored.handler_of_step[0]) + 1, 0);
    batch.budget.room = {1};
    ASSERT_EQ(store.write(batch)->claims.size(), 1U);
  };
  create_task(**open());
  run_sql(
      "DROP TABLE checkpoints; DROP TABLE checkpoint_history; "
      "DROP TABLE outbox; DROP TABLE subscribers; DROP TABLE deliveries; "
      "ALTER TABLE steps DROP COLUMN has_checkpoint; "
      "ALTER TABLE workers DROP COLUMN handlers_json; PRAGMA user_version = 1");
  auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->info()->schema_version, newest_schema_version());
  base::Uuid uuid;
  uuid.bytes[0] = 7;
  const auto task = (*store)->find_task(uuid);
  ASSERT_TRUE(task);
  const model::StepKey step{task->header.id, 0};
  EXPECT_EQ((*store)->load_step(step)->state, model::StepState::kInProgress);
  EXPECT_EQ(*(*store)->load_checkpoint(step), std::nullopt);
  WriteBatch batch;
  batch.checkpoints.push_back({step, 1, model::WorkerId{5}, "1", 1, std::string()});
  EXPECT_EQ((*store)->write(batch)->checkpoints.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(*(*store)->newest_event(), 0U);
  EXPECT_EQ((*store)->check_integrity()->size(), 0U);
}

TEST_F(SqliteOpen, ADamagedPageIsFoundAtOpen) {
  {
    auto store = open();
    for (int i = 0; i < 200; ++i)
      ASSERT_TRUE((*store)->put_template(small_template("t" + std::to_string(i)), 1));
  }
  run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto size = std::filesystem::file_size(options_.path);
  ASSERT_GT(size, 40'000U);
  std::fstream file(options_.path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file << std::string(8'192, '\x7f');
  file.close();
  EXPECT_EQ(open_error(), ErrorCode::kSTORE_CORRUPT);
}

TEST_F(SqliteOpen, AReadOnlyFileIsSaidToBeOneAndCanBeRead) {
  ASSERT_TRUE((*open())->put_template(small_template("kept"), 1));
  ASSERT_EQ(chmod(options_.path.c_str(), 0444), 0);
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  // As root the mode of a file stops nobody: a child gives the rights up first.
  const int code = in_child([this] {
    constexpr uid_t kNobody = 65'534;
    if (geteuid() == 0 && setuid(kNobody) != 0) return 99;
    auto store = open();
    return store ? 98 : static_cast<int>(store.error().code);
  });
  EXPECT_EQ(code, static_cast<int>(ErrorCode::kSTORE_READ_ONLY));
}

TEST_F(SqliteOpen, AStoreOpenedForReadingRefusesWritesOfEveryKind) {
  ASSERT_TRUE(open());
  options_.mode = OpenMode::kReadOnly;
  auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  WriteBatch batch;
  EXPECT_EQ((*store)->write(batch).error().code, ErrorCode::kSTORE_READ_ONLY);
  EXPECT_EQ((*store)->put_template(small_template("t"), 1).error().code,
            ErrorCode::kSTORE_READ_ONLY);
  EXPECT_EQ((*store)->register_worker({}).error().code, ErrorCode::kSTORE_READ_ONLY);
  EXPECT_EQ((*store)->cancel_task({}, 1).error().code, ErrorCode::kSTORE_READ_ONLY);
  EXPECT_EQ((*store)->retry_task({}, 1).error().code, ErrorCode::kSTORE_READ_ONLY);
  EXPECT_TRUE((*store)->list_templates());
}

TEST_F(SqliteOpen, AFullDiskLosesNothingThatWasCommittedAndHalvesNothing) {
  const int code = in_child([this] {
    signal(SIGXFSZ, SIG_IGN);
    auto store = open();
    if (!store) return 99;
    std::error_code ignored;
    const auto wal = std::filesystem::file_size(options_.path + "-wal", ignored);
    const rlimit limit{wal + 200'000, wal + 200'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 98;
    for (int i = 0; i < 1'000; ++i) {
      auto put = (*store)->put_template(small_template("t" + std::to_string(i)), 1);
      if (!put) return static_cast<int>(put.error().code);
    }
    return 97;
  });
  EXPECT_EQ(code, static_cast<int>(ErrorCode::kSTORE_FULL));
  auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->check_integrity()->size(), 0U);
  const auto kept = (*store)->list_templates();
  ASSERT_TRUE(kept);
  EXPECT_GT(kept->size(), 0U);
  EXPECT_LT(kept->size(), 1'000U);
  EXPECT_TRUE((*store)->put_template(small_template("after"), 1));
}

TEST_F(SqliteOpen, SeveralProcessesMayMakeTheSameStoreAtOnce) {
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(open() ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ((*open())->check_integrity()->size(), 0U);
}

}  // namespace
}  // namespace tasker::store::sqlite
