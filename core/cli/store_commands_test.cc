#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "core/cli/cli.h"
#include "core/cli/program_test_support.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;

/// Runs SQL on an SQLite file behind the store's back.
void execute(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << (message == nullptr ? "" : message);
  sqlite3_free(message);
  sqlite3_close(database);
}

class StoreCommands : public ProgramTest {
 protected:
  /// A store that nobody has open, with one template and one task.
  std::string closed_store() {
    const std::string path = (bed_.folder() / "closed.db").string();
    const std::string yaml = file("diamond.yaml", worker::kDiamondYaml);
    EXPECT_EQ(run_bare({"--store", path, "template", "add", yaml}).code, kExitOk);
    EXPECT_EQ(run_bare({"--store", path, "task", "create", "demo/diamond"}).code, kExitOk);
    return path;
  }
};

TEST_F(StoreCommands, InfoTellsContentsAndWorkers) {
  bed_.add_template(worker::kDiamondYaml);
  bed_.create();
  const Ran ran = run({"store", "info"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("test-worker"));
  EXPECT_THAT(ran.out, HasSubstr("1, 1 unfinished"));
  const auto document = parse(run_json({"store", "info"}).out);
  EXPECT_EQ(std::string_view(document["backend"]), "sqlite");
  EXPECT_EQ(int64_t(document["templates"]), 1);
  EXPECT_EQ(int64_t(document["tasks"]), 1);
  EXPECT_EQ(int64_t(document["tasks_unfinished"]), 1);
  EXPECT_GT(int64_t(document["size_bytes"]), 0);
  EXPECT_EQ(std::string_view(document["workers"].at(0)["name"]), "test-worker");
}

TEST_F(StoreCommands, CheckOfASoundStoreEndsWithZero) {
  const std::string path = closed_store();
  EXPECT_EQ(run_bare({"--store", path, "store", "check"}).code, kExitOk);
  const auto document = parse(run_bare({"--store", path, "store", "check", "--json"}).out);
  EXPECT_TRUE(bool(document["ok"]));
  EXPECT_EQ(document["faults"].get_array().size(), 0U);
}

TEST_F(StoreCommands, CheckListsTheFaultsOfAnUnsoundStore) {
  const std::string path = closed_store();
  execute(path, "PRAGMA foreign_keys = OFF; DELETE FROM tasks;");
  const Ran ran = run_bare({"--store", path, "store", "check"});
  EXPECT_EQ(ran.code, kExitFailed) << ran.out << ran.err;
  EXPECT_NE(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("error[STORE_CORRUPT]"));
  const Ran json = run_bare({"--store", path, "store", "check", "--json"});
  EXPECT_EQ(json.code, kExitFailed);
  EXPECT_GT(parse(json.out)["faults"].get_array().size(), 0U);
}

TEST_F(StoreCommands, MissingStoreIsAStoreProblemForEveryCommand) {
  const std::string path = (bed_.folder() / "none.db").string();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"store", "info"},
                                                {"store", "check"},
                                                {"template", "list"},
                                                {"template", "show", "a/b"},
                                                {"task", "create", "a/b"},
                                                {"task", "list"},
                                                {"task", "show", base::Uuid{}.text()},
                                                {"task", "cancel", base::Uuid{}.text()},
                                                {"task", "retry", base::Uuid{}.text()},
                                                {"task", "watch", base::Uuid{}.text()}}) {
    auto arguments = words;
    arguments.insert(arguments.begin(), {"--store", path, "--json"});
    const Ran ran = run_bare(arguments);
    EXPECT_EQ(ran.code, kExitStore) << testing::PrintToString(words);
    EXPECT_EQ(error_code(ran), "STORE_UNAVAILABLE");
    EXPECT_FALSE(std::filesystem::exists(path)) << testing::PrintToString(words);
  }
}

TEST_F(StoreCommands, OtherFilesAreNoStores) {
  const std::string text = file("notes.txt", std::string(8192, 'n'));
  const std::string database = (bed_.folder() / "other.db").string();
  execute(database, "CREATE TABLE cats (name TEXT);");
  for (const std::string& path : {text, database}) {
    const Ran ran = run_bare({"--store", path, "--json", "task", "list"});
    EXPECT_EQ(ran.code, kExitStore) << path;
    EXPECT_EQ(error_code(ran), "STORE_CORRUPT") << ran.err;
  }
  EXPECT_EQ(run_bare({"--store", bed_.folder().string(), "task", "list"}).code, kExitStore);
}

TEST_F(StoreCommands, AddLeavesAnotherProgramsDatabaseAlone) {
  const std::string database = (bed_.folder() / "other.db").string();
  execute(database, "CREATE TABLE cats (name TEXT);");
  const std::string before = text_of(database);
  const std::string yaml = file("diamond.yaml", worker::kDiamondYaml);
  EXPECT_EQ(run_bare({"--store", database, "template", "add", yaml}).code, kExitStore);
  EXPECT_EQ(text_of(database), before);
}

TEST_F(StoreCommands, NewerSchemaIsRefusedByName) {
  const std::string path = closed_store();
  execute(path, "PRAGMA user_version = 9999;");
  const Ran ran = run_bare({"--store", path, "--json", "task", "list"});
  EXPECT_EQ(ran.code, kExitStore);
  EXPECT_EQ(error_code(ran), "STORE_SCHEMA_NEWER");
}

TEST_F(StoreCommands, CheckOfADamagedFileDoesNotCallItSound) {
  const std::string path = closed_store();
  {
    std::fstream damaged(path, std::ios::binary | std::ios::in | std::ios::out);
    damaged.seekp(3 * 4096);
    damaged << std::string(4096, 'x');
  }
  const Ran ran = run_bare({"--store", path, "store", "check"});
  EXPECT_THAT(ran.code, testing::AnyOf(kExitFailed, kExitStore)) << ran.out;
  EXPECT_THAT(ran.err, HasSubstr("error[STORE_CORRUPT]"));
}

TEST_F(StoreCommands, ReadOnlyFileIsReadAndNotWritten) {
  const std::string path = closed_store();
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  RunOptions options;
  options.obeys_permissions = true;
  const Ran list = run_bare({"--store", path, "--json", "task", "list"}, options);
  EXPECT_EQ(list.code, kExitOk) << list.err;
  EXPECT_EQ(int64_t(parse(list.out)["pagination"]["total_count"]), 1);
  const Ran create =
      run_bare({"--store", path, "--json", "task", "create", "demo/diamond"}, options);
  EXPECT_EQ(create.code, kExitStore) << create.out;
  EXPECT_EQ(error_code(create), "STORE_READ_ONLY");
}

}  // namespace
}  // namespace tasker::cli
