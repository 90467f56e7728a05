#include "core/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cli/program_test_support.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class CommandLine : public ProgramTest {};

TEST_F(CommandLine, TellsItsVersion) {
  const Ran ran = run_bare({"--version"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, MatchesRegex("tasker [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(CommandLine, HelpListsCommandsExamplesAndExitCodes) {
  const Ran ran = run_bare({"--help"});
  EXPECT_EQ(ran.code, kExitOk);
  for (const char* part : {"template", "task", "store", "--store", "TASKER_STORE", "--json",
                           "--no-color", "Examples:", "Exit codes:", "130"}) {
    EXPECT_THAT(ran.out, HasSubstr(part));
  }
}

TEST_F(CommandLine, EveryCommandHasHelpWithAnExample) {
  const std::vector<std::vector<std::string>> commands = {
      {"template", "check"}, {"template", "add"}, {"template", "list"}, {"template", "show"},
      {"task", "create"},    {"task", "list"},    {"task", "show"},     {"task", "cancel"},
      {"task", "retry"},     {"task", "watch"},   {"store", "info"},    {"store", "check"}};
  for (auto command : commands) {
    const std::string name = command[0] + " " + command[1];
    command.push_back("--help");
    const Ran ran = run_bare(command);
    EXPECT_EQ(ran.code, kExitOk) << name;
    EXPECT_THAT(ran.out, HasSubstr("Example:\n  tasker " + name));
  }
}

TEST_F(CommandLine, WrongUsageEndsWithTwoAndPointsAtTheHelp) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{},
        {"task"},
        {"nonsense"},
        {"task", "list", "--nonsense"},
        {"task", "show"},
        {"task", "list", "--limit", "0"},
        {"task", "list", "--limit", "1001"},
        {"task", "list", "--offset", "-1"},
        {"task", "create", "a/b", "--priority", "high"},
        {"task", "create", "a/b", "--context", "{}", "--context-file", "x"},
        {"template", "check"},
        {"--store"}}) {
    const Ran ran = run_bare(words);
    EXPECT_EQ(ran.code, kExitUsage) << testing::PrintToString(words);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, StartsWith("error[INVALID_ARGUMENT]: "));
    EXPECT_THAT(ran.err, HasSubstr("next: see the usage with `tasker"));
    EXPECT_THAT(ran.err, HasSubstr("--help`\n"));
  }
}

TEST_F(CommandLine, UsageErrorIsADocumentWithJson) {
  const Ran ran = run_bare({"task", "list", "--nonsense", "--json"});
  EXPECT_EQ(ran.code, kExitUsage);
  const auto error = parse(ran.err)["error"];
  EXPECT_EQ(std::string_view(error["code"]), "INVALID_ARGUMENT");
  EXPECT_THAT(std::string(std::string_view(error["message"])), HasSubstr("--nonsense"));
  EXPECT_EQ(std::string_view(error["next"]), "see the usage with `tasker task list --help`");
}

TEST_F(CommandLine, StorePathComesFromTheEnvironmentWhenNotGiven) {
  bed_.add_template(worker::kDiamondYaml);
  RunOptions options;
  options.environment = {"TASKER_STORE=" + bed_.path()};
  EXPECT_THAT(run_bare({"template", "list"}, options).out, HasSubstr("demo/diamond:1.0.0"));
  options.environment = {"TASKER_STORE=/nowhere/store.db"};
  EXPECT_EQ(run({"template", "list"}, options).code, kExitOk) << "--store goes first";
}

TEST_F(CommandLine, GlobalOptionsStandAnywhere) {
  bed_.add_template(worker::kDiamondYaml);
  const std::string expected = run_json({"template", "list"}).out;
  EXPECT_EQ(run_bare({"template", "--json", "list", "--store", bed_.path()}).out, expected);
  EXPECT_EQ(run_bare({"--json", "template", "--store", bed_.path(), "list"}).out, expected);
}

TEST_F(CommandLine, WritesNoColoursIntoAFile) {
  bed_.add_template(worker::kDiamondYaml);
  bed_.create();
  EXPECT_THAT(run({"task", "list"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(CommandLine, OutputThatCanNotBeWrittenIsAFailure) {
  RunOptions options;
  options.stdout_path = "/dev/full";
  const Ran ran = run({"store", "info"}, options);
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_THAT(ran.err, HasSubstr("standard output can not be written"));
}

}  // namespace
}  // namespace tasker::cli
