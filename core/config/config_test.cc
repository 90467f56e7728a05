#include "core/config/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace tasker::config {
namespace {

using base::ErrorCode;
using Variables = std::map<std::string, std::string>;
using Names = std::vector<std::string>;

Environment environment_of(Variables variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

base::Result<Config> load(std::string_view json, Variables variables = {}) {
  return load_config(json, environment_of(std::move(variables)));
}

/// The configuration of a text that has to be accepted.
Config accepted(std::string_view json, Variables variables = {}) {
  auto config = load(json, std::move(variables));
  EXPECT_TRUE(config) << json << ": " << (config ? "" : config.error().message);
  return config ? *config : Config{};
}

void expect_refused(std::string_view json, const Variables& variables, std::string_view field,
                    std::string_view message) {
  const auto config = load(json, variables);
  ASSERT_FALSE(config) << json;
  EXPECT_EQ(config.error().code, ErrorCode::kINVALID_CONFIG);
  EXPECT_EQ(config.error().field, field);
  EXPECT_EQ(config.error().message, message);
}

struct Number {
  std::string name;
  std::string variable;
  std::uint32_t Config::*member;
  std::uint32_t fallback;
  std::uint32_t min;
  std::uint32_t max;
};

const std::vector<Number>& numbers() {
  static const std::vector<Number> all = {
      {"max_concurrent_handlers", "TASKER_MAX_CONCURRENT_HANDLERS",
       &Config::max_concurrent_handlers, 10, 1, 100'000},
      {"handler_timeout_ms", "TASKER_HANDLER_TIMEOUT_MS", &Config::handler_timeout_ms, 300'000, 1,
       86'400'000},
      {"lease_ttl_ms", "TASKER_LEASE_TTL_MS", &Config::lease_ttl_ms, 15'000, 100, 3'600'000},
      {"drain_timeout_ms", "TASKER_DRAIN_TIMEOUT_MS", &Config::drain_timeout_ms, 30'000, 0,
       3'600'000},
      {"result_bytes_max", "TASKER_RESULT_BYTES_MAX", &Config::result_bytes_max, 16'777'216, 1024,
       1'073'741'824},
      {"completion_channel_capacity", "TASKER_COMPLETION_CHANNEL_CAPACITY",
       &Config::completion_channel_capacity, 65'536, 1, 1'000'000},
      {"event_retention_ms", "TASKER_EVENT_RETENTION_MS", &Config::event_retention_ms, 3'600'000, 0,
       2'592'000'000},
  };
  return all;
}

std::string member(std::string_view name, std::string_view value) {
  return "{\"" + std::string(name) + "\":" + std::string(value) + "}";
}

TEST(LoadConfig, HasDefaultsForEverything) {
  for (const std::string_view json : {"", "{}", " { } "}) {
    const Config config = accepted(json);
    EXPECT_EQ(config.store_path, "tasker.db");
    EXPECT_EQ(config.durability, "full");
    EXPECT_EQ(config.worker_id, "");
    EXPECT_EQ(config.namespaces, Names{});
    EXPECT_EQ(config.log_level, base::LogLevel::kInfo);
    EXPECT_FALSE(config.log_json);
    for (const Number& number : numbers()) {
      EXPECT_EQ(config.*number.member, number.fallback) << number.name;
    }
  }
}

TEST(LoadConfig, ReadsEveryMemberFromJson) {
  const Config config =
      accepted(R"({"store_path":"/data/é.db","durability":"normal","worker_id":"w-1",)"
               R"("namespaces":["a","_B9"],"log_level":"debug","log_json":true,)"
               R"("max_concurrent_handlers":1,"handler_timeout_ms":2,"lease_ttl_ms":300,)"
               R"("drain_timeout_ms":4,"result_bytes_max":5000,"completion_channel_capacity":6})");
  EXPECT_EQ(config.store_path, "/data/é.db");
  EXPECT_EQ(config.durability, "normal");
  EXPECT_EQ(config.worker_id, "w-1");
  EXPECT_EQ(config.namespaces, (Names{"a", "_B9"}));
  EXPECT_EQ(config.log_level, base::LogLevel::kDebug);
  EXPECT_TRUE(config.log_json);
  EXPECT_EQ(config.max_concurrent_handlers, 1U);
  EXPECT_EQ(config.handler_timeout_ms, 2U);
  EXPECT_EQ(config.lease_ttl_ms, 300U);
  EXPECT_EQ(config.drain_timeout_ms, 4U);
  EXPECT_EQ(config.result_bytes_max, 5000U);
  EXPECT_EQ(config.completion_channel_capacity, 6U);
}

TEST(LoadConfig, TheRoomsOfThreadsAndProcessesComeFromJsonAlone) {
  const Config config =
      accepted(R"({"threads_room":4,"process_room":100000})", {{"TASKER_THREADS_ROOM", "7"}});
  EXPECT_EQ(config.threads_room, 4U);
  EXPECT_EQ(config.process_room, 100'000U);
  EXPECT_EQ(accepted("", {{"TASKER_THREADS_ROOM", "7"}}).threads_room, 0U);
  expect_refused(R"({"process_room":100001})", {}, "process_room",
                 "process_room is `100001` (from the JSON configuration); expected a whole number "
                 "from 0 to 100000");
}

TEST(LoadConfig, ReadsEveryMemberFromTheEnvironment) {
  const Config config = accepted("", {{"TASKER_STORE", "/data/t.db"},
                                      {"TASKER_DURABILITY", "normal"},
                                      {"TASKER_WORKER_ID", "w-1"},
                                      {"TASKER_NAMESPACE", "a,b"},
                                      {"TASKER_LOG_LEVEL", "off"},
                                      {"TASKER_LOG_JSON", "1"},
                                      {"TASKER_MAX_CONCURRENT_HANDLERS", "1"},
                                      {"TASKER_HANDLER_TIMEOUT_MS", "2"},
                                      {"TASKER_LEASE_TTL_MS", "300"},
                                      {"TASKER_DRAIN_TIMEOUT_MS", "4"},
                                      {"TASKER_RESULT_BYTES_MAX", "5000"},
                                      {"TASKER_COMPLETION_CHANNEL_CAPACITY", "6"}});
  EXPECT_EQ(config.store_path, "/data/t.db");
  EXPECT_EQ(config.durability, "normal");
  EXPECT_EQ(config.worker_id, "w-1");
  EXPECT_EQ(config.namespaces, (Names{"a", "b"}));
  EXPECT_EQ(config.log_level, base::LogLevel::kOff);
  EXPECT_TRUE(config.log_json);
  EXPECT_EQ(config.max_concurrent_handlers, 1U);
  EXPECT_EQ(config.handler_timeout_ms, 2U);
  EXPECT_EQ(config.lease_ttl_ms, 300U);
  EXPECT_EQ(config.drain_timeout_ms, 4U);
  EXPECT_EQ(config.result_bytes_max, 5000U);
  EXPECT_EQ(config.completion_channel_capacity, 6U);
}

TEST(LoadConfig, JsonIsOverTheEnvironmentAndTheEnvironmentOverDefaults) {
  const Variables variables = {{"TASKER_STORE", "env.db"},     {"TASKER_NAMESPACE", "a,b"},
                               {"TASKER_LEASE_TTL_MS", "200"}, {"TASKER_LOG_JSON", "1"},
                               {"TASKER_LOG_LEVEL", "error"},  {"TASKER_WORKER_ID", "env"}};
  const Config config = accepted(
      R"({"store_path":"json.db","namespaces":["c"],"log_json":false,"worker_id":""})", variables);
  EXPECT_EQ(config.store_path, "json.db");
  EXPECT_EQ(config.namespaces, Names{"c"});
  EXPECT_FALSE(config.log_json);
  EXPECT_EQ(config.worker_id, "");
  EXPECT_EQ(config.lease_ttl_ms, 200U);
  EXPECT_EQ(config.log_level, base::LogLevel::kError);
  EXPECT_EQ(accepted(R"({"namespaces":[]})", variables).namespaces, Names{});
  EXPECT_EQ(accepted(R"({"namespace":"d"})", variables).namespaces, Names{"d"});
  EXPECT_EQ(accepted(R"({"database_url":"sqlite:u.db"})", variables).store_path, "u.db");
}

TEST(LoadConfig, JsonNullIsNotGiven) {
  const Variables variables = {{"TASKER_STORE", "env.db"}, {"TASKER_NAMESPACE", "a"}};
  for (const std::string_view name :
       {"store_path", "durability", "worker_id", "namespaces", "log_level", "log_json", "namespace",
        "database_url", "config_path", "lease_ttl_ms"}) {
    const Config config = accepted(member(name, "null"), variables);
    EXPECT_EQ(config.store_path, "env.db");
    EXPECT_EQ(config.namespaces, Names{"a"});
    EXPECT_EQ(config.lease_ttl_ms, 15'000U);
  }
  EXPECT_EQ(accepted(R"({"namespace":null,"namespaces":["b"]})").namespaces, Names{"b"});
}

TEST(LoadConfig, AnEmptyVariableIsNotGiven) {
  Variables variables = {{"TASKER_STORE", ""},     {"TASKER_DURABILITY", ""},
                         {"TASKER_WORKER_ID", ""}, {"TASKER_NAMESPACE", ""},
                         {"TASKER_LOG_LEVEL", ""}, {"TASKER_LOG_JSON", ""}};
  for (const Number& number : numbers()) variables[number.variable] = "";
  const Config config = accepted("", variables);
  EXPECT_EQ(config.store_path, "tasker.db");
  EXPECT_EQ(config.namespaces, Names{});
  EXPECT_EQ(config.lease_ttl_ms, 15'000U);
}

TEST(LoadConfig, NumbersKeepTheirRange) {
  for (const Number& number : numbers()) {
    for (const std::uint32_t good : {number.min, number.max}) {
      const std::string text = std::to_string(good);
      EXPECT_EQ(accepted(member(number.name, text)).*number.member, good);
      EXPECT_EQ(accepted("", {{number.variable, text}}).*number.member, good);
    }
    const std::int64_t below = std::int64_t{number.min} - 1;
    const std::int64_t above = std::int64_t{number.max} + 1;
    const std::string expected = "); expected a whole number from " + std::to_string(number.min) +
                                 " to " + std::to_string(number.max);
    for (const std::int64_t wrong : {below, above}) {
      const std::string text = std::to_string(wrong);
      expect_refused(member(number.name, text), {}, number.name,
                     number.name + " is `" + text + "` (from the JSON configuration" + expected);
      expect_refused("", {{number.variable, text}}, number.name,
                     number.name + " is `" + text + "` (from " + number.variable + expected);
    }
  }
}

TEST(LoadConfig, NumbersAreWholeAndPlain) {
  for (const std::string_view wrong :
       {"1.0", "1e3", "\"1000\"", "true", "[1000]", "{}", "36893488147419103232", "-0"}) {
    const auto config = load(member("lease_ttl_ms", wrong));
    ASSERT_FALSE(config) << wrong;
    EXPECT_EQ(config.error().field, "lease_ttl_ms");
  }
  for (const std::string_view wrong : {"1.0", "1e3", " 1000", "1000 ", "+1000", "0x3e8", "1_000",
                                       "1000ms", "4294967296000", "a"}) {
    const auto config = load("", {{"TASKER_LEASE_TTL_MS", std::string(wrong)}});
    ASSERT_FALSE(config) << wrong;
    EXPECT_EQ(config.error().field, "lease_ttl_ms");
  }
}

TEST(LoadConfig, NamedValuesAreSpeltExactly) {
  for (const std::string_view good : {"trace", "debug", "info", "warn", "error", "off"}) {
    const Config config = accepted("", {{"TASKER_LOG_LEVEL", std::string(good)}});
    EXPECT_EQ(base::log_level_name(config.log_level), good);
  }
  expect_refused(R"({"log_level":"INFO"})", {}, "log_level",
                 "log_level is `INFO` (from the JSON configuration); expected trace, debug, info, "
                 "warn, error or off");
  expect_refused("", {{"TASKER_LOG_LEVEL", "verbose"}}, "log_level",
                 "log_level is `verbose` (from TASKER_LOG_LEVEL); expected trace, debug, info, "
                 "warn, error or off");
  expect_refused(R"({"durability":"none"})", {}, "durability",
                 "durability is `none` (from the JSON configuration); expected full or normal");
  expect_refused("", {{"TASKER_DURABILITY", "Full"}}, "durability",
                 "durability is `Full` (from TASKER_DURABILITY); expected full or normal");
}

TEST(LoadConfig, LogJsonIsABoolInJsonAndADigitInTheEnvironment) {
  EXPECT_FALSE(accepted("", {{"TASKER_LOG_JSON", "0"}}).log_json);
  expect_refused(R"({"log_json":1})", {}, "log_json",
                 "log_json is `1` (from the JSON configuration); expected true or false");
  expect_refused("", {{"TASKER_LOG_JSON", "true"}}, "log_json",
                 "log_json is `true` (from TASKER_LOG_JSON); expected 0 or 1");
}

TEST(LoadConfig, StorePathHasLimits) {
  const std::string longest(4096, 'p');
  EXPECT_EQ(accepted(member("store_path", '"' + longest + '"')).store_path, longest);
  EXPECT_FALSE(load(member("store_path", '"' + longest + "p\"")));
  EXPECT_FALSE(load("", {{"TASKER_STORE", longest + "p"}}));
  EXPECT_FALSE(load(R"({"store_path":"a\u0000b"})"));
  expect_refused(R"({"store_path":""})", {}, "store_path",
                 "store_path is `` (from the JSON configuration); expected the path of the store "
                 "file, 1 to 4096 bytes");
  expect_refused(R"({"store_path":7})", {}, "store_path",
                 "store_path is `7` (from the JSON configuration); expected a string");
}

TEST(LoadConfig, WorkerIdHasLimits) {
  const std::string longest(255, 'w');
  EXPECT_EQ(accepted("", {{"TASKER_WORKER_ID", longest}}).worker_id, longest);
  EXPECT_FALSE(load("", {{"TASKER_WORKER_ID", longest + "w"}}));
  expect_refused(R"({"worker_id":"a\nb"})", {}, "worker_id",
                 "worker_id is `a\\nb` (from the JSON configuration); expected at most 255 bytes "
                 "of UTF-8 without control characters");
  EXPECT_FALSE(load("", {{"TASKER_WORKER_ID", "\xFF"}}));
}

TEST(LoadConfig, NamespacesFollowTheContract) {
  const std::string longest(29, 'n');
  EXPECT_EQ(accepted(member("namespace", '"' + longest + '"')).namespaces, Names{longest});
  for (const std::string& wrong : {std::string(), longest + "n", std::string("9a"),
                                   std::string("a-b"), std::string("a b"), std::string("é")}) {
    const std::string expected = "is `" + wrong +
                                 "` (from the JSON configuration); expected a namespace: 1 to 29 "
                                 "letters, digits and `_`, no digit in front";
    expect_refused(member("namespaces", "[\"ok\",\"" + wrong + "\"]"), {}, "namespaces",
                   "namespaces " + expected);
    expect_refused(member("namespace", '"' + wrong + '"'), {}, "namespace",
                   "namespace " + expected);
  }
  for (const std::string_view wrong : {"a,", ",a", "a,,b", "a, b", ","}) {
    const auto config = load("", {{"TASKER_NAMESPACE", std::string(wrong)}});
    ASSERT_FALSE(config) << wrong;
    EXPECT_NE(config.error().message.find("TASKER_NAMESPACE"), std::string::npos);
  }
}

TEST(LoadConfig, NamespacesAreAListOfDifferentStrings) {
  EXPECT_FALSE(load(R"({"namespaces":"a"})"));
  EXPECT_FALSE(load(R"({"namespaces":{"a":1}})"));
  EXPECT_FALSE(load(R"({"namespaces":["a",1]})"));
  EXPECT_FALSE(load(R"({"namespaces":["a",null]})"));
  expect_refused(R"({"namespaces":["a","b","a"]})", {}, "namespaces",
                 "namespaces is `a` (from the JSON configuration); expected each namespace once");
  EXPECT_FALSE(load("", {{"TASKER_NAMESPACE", "a,a"}}));
}

TEST(DatabaseUrl, NamesAnSqliteFile) {
  EXPECT_EQ(accepted(R"({"database_url":"sqlite:///abs/path.db"})").store_path, "/abs/path.db");
  EXPECT_EQ(accepted(R"({"database_url":"sqlite:rel.db"})").store_path, "rel.db");
  EXPECT_EQ(accepted(R"({"database_url":"sqlite:/abs.db"})").store_path, "/abs.db");
  EXPECT_EQ(accepted(R"({"database_url":"sqlite://rel.db"})").store_path, "rel.db");
  EXPECT_EQ(accepted(R"({"database_url":""})").store_path, "tasker.db");
}

TEST(DatabaseUrl, RefusesAnSqliteUrlWithoutAPathOrWithParameters) {
  for (const std::string_view url : {"sqlite:", "sqlite://", "sqlite:a.db?mode=ro", "tasker.db"}) {
    const auto config = load(member("database_url", '"' + std::string(url) + '"'));
    ASSERT_FALSE(config) << url;
    EXPECT_EQ(config.error().code, ErrorCode::kINVALID_CONFIG) << url;
    EXPECT_EQ(config.error().field, "database_url") << url;
  }
}

TEST(DatabaseUrl, OtherSchemesAreUnsupportedAndTheirPasswordsStayHidden) {
  const auto config = load(R"({"database_url":"postgresql://user:secret@host/tasker"})");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kUNSUPPORTED);
  EXPECT_EQ(config.error().field, "database_url");
  EXPECT_EQ(config.error().message,
            "database_url is `postgresql:` (from the JSON configuration); expected sqlite:<path>; "
            "this version keeps its store in SQLite");
}

TEST(ConfigPath, MustBeEmpty) {
  accepted(R"({"config_path":""})");
  expect_refused(R"({"config_path":"worker.toml"})", {}, "config_path",
                 "config_path is `worker.toml` (from the JSON configuration); expected null or "
                 "nothing: this version reads no configuration file, only the JSON configuration "
                 "and TASKER_ variables");
}

TEST(LoadConfig, TwoNamesOfOneSettingAreRefusedTogether) {
  expect_refused(R"({"namespace":"a","namespaces":["a"]})", {}, "namespace",
                 "namespace and namespaces (from the JSON configuration) say the same; expected "
                 "one of them");
  expect_refused(R"({"store_path":"a","database_url":"sqlite:a"})", {}, "database_url",
                 "database_url and store_path (from the JSON configuration) say the same; expected "
                 "one of them");
}

TEST(LoadConfig, ASettingIsGivenOnce) {
  expect_refused(R"({"lease_ttl_ms":200,"lease_ttl_ms":300})", {}, "lease_ttl_ms",
                 "lease_ttl_ms is `300` (from the JSON configuration); expected each setting once");
}

TEST(LoadConfig, AMisspeltNameGetsAHint) {
  expect_refused(R"({"max_concurent_handlers":5})", {}, "max_concurent_handlers",
                 "`max_concurent_handlers` (from the JSON configuration) is not a setting; did you "
                 "mean `max_concurrent_handlers`?");
  expect_refused(R"({"handlerTimeoutMs":5})", {}, "handlerTimeoutMs",
                 "`handlerTimeoutMs` (from the JSON configuration) is not a setting; did you mean "
                 "`handler_timeout_ms`?");
}

TEST(LoadConfig, ANameUnlikeAnyOtherGetsTheList) {
  const auto config = load(R"({"colour":"red"})");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("is not a setting; expected one of"), std::string::npos);
  for (const std::string_view name : {"store_path", "namespaces", "log_json", "lease_ttl_ms"}) {
    EXPECT_NE(config.error().message.find(name), std::string::npos) << name;
  }
}

TEST(LoadConfig, TextThatIsNoJsonObjectIsRefused) {
  for (const std::string_view json : {" ", "[]", "null", "{", "{\"a\":1,}", "\"a\"", "\xFF"}) {
    const auto config = load(json);
    ASSERT_FALSE(config) << json;
    EXPECT_EQ(config.error().code, ErrorCode::kINVALID_CONFIG) << json;
    EXPECT_NE(config.error().message.find("the JSON configuration"), std::string::npos) << json;
  }
}

TEST(LoadConfig, AWrongVariableIsRefusedThoughJsonIsOverIt) {
  EXPECT_FALSE(load(R"({"lease_ttl_ms":200})", {{"TASKER_LEASE_TTL_MS", "soon"}}));
}

TEST(SystemEnvironment, ReadsTheVariablesOfTheProcess) {
  const Environment environment = system_environment();
  // NOLINTNEXTLINE(concurrency-mt-unsafe): this test has one thread
  ASSERT_EQ(setenv("TASKER_CONFIG_TEST", "value", 1), 0);
  EXPECT_EQ(environment("TASKER_CONFIG_TEST"), "value");
  // NOLINTNEXTLINE(concurrency-mt-unsafe): this test has one thread
  ASSERT_EQ(unsetenv("TASKER_CONFIG_TEST"), 0);
  EXPECT_FALSE(environment("TASKER_CONFIG_TEST"));
}

}  // namespace
}  // namespace tasker::config
