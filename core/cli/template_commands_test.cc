#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cli/cli.h"
#include "core/cli/program_test_support.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view kBadYaml = R"(name: broken
namespace_name: demo
version: 1.0.0
steps:
  - name: first
    dependencies: [second]
    handler: { callable: a }
  - name: second
    dependencies: [first]
    handler: { callable: b }
    retry: { max_attempts: many }
)";

class TemplateCommands : public ProgramTest {};

TEST_F(TemplateCommands, CheckTellsThatATemplateIsSound) {
  const std::string path = file("good.yaml", worker::kDiamondYaml);
  const Ran ran = run_bare({"template", "check", path});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_EQ(ran.out, path + ": ok demo/diamond:1.0.0, 4 steps\n");
}

TEST_F(TemplateCommands, CheckListsEveryProblemWithFileLineAndField) {
  const std::string bad = file("bad.yaml", kBadYaml);
  const std::string good = file("good.yaml", worker::kDiamondYaml);
  const Ran ran = run_bare({"template", "check", bad, good});
  EXPECT_EQ(ran.code, kExitRefused);
  EXPECT_THAT(ran.out, HasSubstr(bad + ":11: steps[1].retry.max_attempts: "));
  EXPECT_THAT(ran.out, HasSubstr(good + ": ok "));
  EXPECT_THAT(ran.err, HasSubstr("error[INVALID_TEMPLATE]: "));
  EXPECT_THAT(ran.err, HasSubstr("next: "));
}

TEST_F(TemplateCommands, CheckReadsStandardInput) {
  RunOptions options;
  options.input = worker::kDiamondYaml;
  EXPECT_THAT(run_bare({"template", "check", "-"}, options).out, HasSubstr("<stdin>: ok"));
}

TEST_F(TemplateCommands, CheckIsOneDocumentWithJson) {
  const std::string bad = file("bad.yaml", kBadYaml);
  const std::string good = file("good.yaml", worker::kDiamondYaml);
  const Ran ran = run_bare({"template", "check", bad, good, "--json"});
  EXPECT_EQ(ran.code, kExitRefused);
  EXPECT_EQ(ran.err, "");
  const auto document = parse(ran.out);
  EXPECT_FALSE(bool(document["ok"]));
  EXPECT_FALSE(bool(document["files"].at(0)["ok"]));
  EXPECT_EQ(int64_t(document["files"].at(0)["problems"].at(0)["line"]), 6) << "the cycle";
  EXPECT_EQ(int64_t(document["files"].at(0)["problems"].at(1)["line"]), 11);
  EXPECT_TRUE(bool(document["files"].at(1)["ok"]));
  EXPECT_EQ(std::string_view(document["files"].at(1)["template"]), "demo/diamond:1.0.0");
}

TEST_F(TemplateCommands, CheckGoesThroughFolders) {
  const auto folder = bed_.folder() / "templates";
  std::filesystem::create_directories(folder / "deeper");
  write_text(folder / "b.yaml", worker::kDiamondYaml);
  write_text(folder / "deeper" / "a.yml", worker::kDiamondYaml);
  write_text(folder / "notes.txt", "no template");
  const Ran ran = run_bare({"template", "check", folder.string(), "--json"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_EQ(parse(ran.out)["files"].get_array().size(), 2U);
}

TEST_F(TemplateCommands, MissingFilesAreNotFound) {
  const std::string folder = (bed_.folder() / "empty").string();
  std::filesystem::create_directories(folder);
  for (const std::string& path : {bed_.folder().string() + "/none.yaml", folder}) {
    const Ran ran = run_bare({"template", "check", path});
    EXPECT_EQ(ran.code, kExitNotFound) << path;
    EXPECT_THAT(ran.err, HasSubstr(path));
  }
}

TEST_F(TemplateCommands, FilesOverTheLimitAreRefusedUnread) {
  const std::string path = file("large.yaml", std::string((1U << 20) + 1, '#'));
  const Ran ran = run_bare({"template", "check", path, "--json"});
  EXPECT_EQ(ran.code, kExitRefused);
  EXPECT_EQ(error_code(ran), "TOO_LARGE");
  RunOptions options;
  options.input = std::string((1U << 20) + 1, '#');
  EXPECT_EQ(error_code(run_bare({"template", "check", "-", "--json"}, options)), "TOO_LARGE");
}

TEST_F(TemplateCommands, AddMakesTheStoreAndListsWhatItDid) {
  const std::string path = file("good.yaml", worker::kDiamondYaml);
  const std::string store = (bed_.folder() / "new.db").string();
  const Ran ran = run_bare({"--store", store, "template", "add", path});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_EQ(ran.out, "added demo/diamond:1.0.0 (revision 1, 4 steps)\n");
  EXPECT_EQ(run_bare({"--store", store, "template", "add", path}).out,
            "unchanged demo/diamond:1.0.0 (revision 1, 4 steps)\n");
}

TEST_F(TemplateCommands, ChangedContentIsANewRevision) {
  bed_.add_template(worker::kDiamondYaml);
  std::string changed(worker::kDiamondYaml);
  changed.replace(changed.find("Four steps"), 10, "Same steps");
  const Ran ran = run_json({"template", "add", file("changed.yaml", changed)});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  const auto added = parse(ran.out)["templates"].at(0);
  EXPECT_EQ(int64_t(added["revision"]), 2);
  EXPECT_TRUE(bool(added["changed"]));
}

TEST_F(TemplateCommands, AddStoresNothingWhenOneFileHasAProblem) {
  const std::string store = (bed_.folder() / "new.db").string();
  const std::string good = file("good.yaml", worker::kDiamondYaml);
  const std::string bad = file("bad.yaml", kBadYaml);
  const Ran ran = run_bare({"--store", store, "template", "add", good, bad});
  EXPECT_EQ(ran.code, kExitRefused);
  EXPECT_THAT(ran.out, HasSubstr(bad + ":11:"));
  EXPECT_THAT(ran.err, HasSubstr("nothing was stored"));
  EXPECT_FALSE(std::filesystem::exists(store));
  const Ran json = run_bare({"--store", store, "template", "add", bad, "--json"});
  EXPECT_EQ(error_code(json), "INVALID_TEMPLATE");
  EXPECT_THAT(json.err, HasSubstr("bad.yaml:11:"));
}

TEST_F(TemplateCommands, ListShowsWhatIsThere) {
  EXPECT_THAT(run({"template", "list"}).err, HasSubstr("tasker template add FILE"));
  bed_.add_template(worker::kDiamondYaml);
  const Ran ran = run({"template", "list"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr("demo/diamond:1.0.0"));
  EXPECT_THAT(ran.out, HasSubstr("Four steps"));
  EXPECT_EQ(parse(run_json({"template", "list"}).out).get_array().size(), 1U);
}

TEST_F(TemplateCommands, ShowDrawsTheStepsAsATree) {
  bed_.add_template(worker::kDiamondYaml);
  const Ran ran = run({"template", "show", "demo/diamond"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("├─ left"));
  EXPECT_THAT(ran.out, HasSubstr("│  └─ report"));
  EXPECT_THAT(ran.out, HasSubstr("2 attempts, fixed"));
  EXPECT_THAT(ran.out, HasSubstr("no retry"));
  const auto document = parse(run_json({"template", "show", "demo/diamond:1.0.0"}).out);
  EXPECT_EQ(std::string_view(document["template"]["steps"].at(0)["name"]), "load");
}

TEST_F(TemplateCommands, ShowOfAnUnknownKeyIsNotFound) {
  EXPECT_EQ(run({"template", "show", "demo/none"}).code, kExitNotFound);
  EXPECT_EQ(run({"template", "show", "demo/"}).code, kExitRefused);
  EXPECT_EQ(run({"template", "show", "demo/none:"}).code, kExitRefused);
}

}  // namespace
}  // namespace tasker::cli
