#include "doors/c/flat_config.h"

#include <gtest/gtest.h>

#include <map>

namespace tasker::c {
namespace {

using base::ErrorCode;

using Variables = std::map<std::string, std::string>;

config::Environment environment(Variables variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

FlatConfig read(std::string_view json, Variables variables = {}) {
  auto config = read_flat_config(json, environment(std::move(variables)));
  EXPECT_TRUE(config) << config.error().message;
  return config ? *config : FlatConfig{};
}

base::Error refusal(std::string_view json, Variables variables = {}) {
  const auto config = read_flat_config(json, environment(std::move(variables)));
  EXPECT_FALSE(config);
  return config ? base::Error{} : config.error();
}

TEST(FlatConfig, MayBeNothing) {
  for (const char* nothing : {"", "  \n", "{}"}) {
    const FlatConfig config = read(nothing);
    EXPECT_TRUE(config.warnings.empty());
    EXPECT_EQ(config.settings.store_path, "tasker.db");
    EXPECT_EQ(config.settings.max_concurrent_handlers, 10U);
  }
}

TEST(FlatConfig, TakesTheContractsMembersAndOurs) {
  const FlatConfig config = read(
      R"({"worker_id":"w","namespace":"n","log_level":"debug","database_url":"sqlite:///a.db",
          "max_concurrent_handlers":7,"lease_ttl_ms":500})");
  EXPECT_TRUE(config.warnings.empty());
  EXPECT_EQ(config.settings.worker_id, "w");
  EXPECT_EQ(config.settings.namespaces, std::vector<std::string>{"n"});
  EXPECT_EQ(config.settings.log_level, base::LogLevel::kDebug);
  EXPECT_EQ(config.settings.store_path, "/a.db");
  EXPECT_EQ(config.settings.max_concurrent_handlers, 7U);
  EXPECT_EQ(config.settings.lease_ttl_ms, 500U);
}

TEST(FlatConfig, TheEnvironmentSetsTheLimitToo) {
  const FlatConfig config = read("{}", {{"TASKER_MAX_CONCURRENT_HANDLERS", "12"}});
  EXPECT_EQ(config.settings.max_concurrent_handlers, 12U);
}

TEST(FlatConfig, LeavesOutWhatItDoesNotKnowWithOneWarning) {
  const FlatConfig config = read(R"({"foo":{"a":[1]},"bar":null,"worker_id":"w"})");
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_NE(config.warnings[0].find("foo, bar"), std::string::npos);
  EXPECT_EQ(config.settings.worker_id, "w");
}

TEST(FlatConfig, LeavesOutTheContractsMembersWhenTheyCannotBeUsed) {
  const FlatConfig config = read(R"({"worker_id":5,"namespace":"not a name",)"
                                 R"("log_level":"tasker=debug,info","config_path":"x"})");
  EXPECT_EQ(config.warnings.size(), 4U);
  EXPECT_TRUE(config.settings.namespaces.empty());
  EXPECT_EQ(config.settings.log_level, base::LogLevel::kInfo);
}

TEST(FlatConfig, NullAndEmptyTextsAreNotGiven) {
  const FlatConfig config = read(
      R"({"worker_id":null,"namespace":"","log_level":null,"database_url":"","config_path":null})");
  EXPECT_TRUE(config.warnings.empty());
  EXPECT_TRUE(config.settings.namespaces.empty());
}

TEST(FlatConfig, OfTwoMembersWithOneNameTheLastCounts) {
  EXPECT_EQ(read(R"({"worker_id":"a","worker_id":"b"})").settings.worker_id, "b");
}

TEST(FlatConfig, RefusesOurOwnMembersWhenTheyAreWrong) {
  EXPECT_EQ(refusal(R"({"lease_ttl_ms":"x"})").field, "lease_ttl_ms");
  EXPECT_EQ(refusal("{}", {{"TASKER_DURABILITY", "x"}}).field, "durability");
  EXPECT_EQ(refusal("{").code, ErrorCode::kINVALID_JSON);
  EXPECT_EQ(refusal("[]").code, ErrorCode::kINVALID_JSON);
}

TEST(FlatConfig, RefusesAStoreThatItCannotHaveUnlessOursIsNamed) {
  constexpr std::string_view kPostgres = R"({"database_url":"postgres://user:secret@host/db"})";
  const base::Error error = refusal(kPostgres);
  EXPECT_EQ(error.code, ErrorCode::kUNSUPPORTED);
  EXPECT_NE(error.message.find("TASKER_STORE"), std::string::npos);
  EXPECT_EQ(error.message.find("secret"), std::string::npos);

  const FlatConfig config = read(kPostgres, {{"TASKER_STORE", "ours.db"}});
  EXPECT_EQ(config.settings.store_path, "ours.db");
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings[0].find("secret"), std::string::npos);
}

TEST(FlatConfig, HearsTheVariableOfTheContractsStoreWhenNothingElseNamesOne) {
  EXPECT_EQ(read("{}", {{"DATABASE_URL", "sqlite:env.db"}}).settings.store_path, "env.db");
  EXPECT_EQ(refusal("{}", {{"DATABASE_URL", "postgresql://h/d"}}).code, ErrorCode::kUNSUPPORTED);
  const Variables both = {{"DATABASE_URL", "postgresql://h/d"}, {"TASKER_STORE", "ours.db"}};
  EXPECT_EQ(read("{}", both).settings.store_path, "ours.db");
  EXPECT_EQ(read(R"({"store_path":"code.db"})", both).settings.store_path, "code.db");
  EXPECT_EQ(read(R"({"database_url":"sqlite:code.db"})", both).settings.store_path, "code.db");
}

TEST(FlatConfig, TheDefaultNamespaceOfTheContractsClientsRestrictsNothing) {
  EXPECT_TRUE(read(R"({"namespace":"default"})").settings.namespaces.empty());
}

TEST(FlatConfig, TemplatesAddTheirNamespacesToTheOneThatIsNamed) {
  const FlatConfig one = read(R"({"namespace":"billing"})");
  EXPECT_TRUE(one.adds_namespaces);
  const auto more = read(with_namespaces(one, {"shop", "billing", "shop"}));
  EXPECT_EQ(more.settings.namespaces, (std::vector<std::string>{"billing", "shop"}));
  const FlatConfig listed = read(R"({"namespaces":["a","b"],"namespace":"c"})");
  EXPECT_FALSE(listed.adds_namespaces) << "a list says exactly which";
  EXPECT_EQ(listed.settings.namespaces, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace tasker::c
