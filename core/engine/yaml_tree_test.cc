#include "core/engine/yaml_tree.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "core/base/random.h"
#include "core/engine/template_test_support.h"

namespace tasker::engine {
namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

std::string lists(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(YamlTree, TextsThatAreNoSingleYamlDocumentAreRefused) {
  using std::string_literals::operator""s;
  const std::vector<BadText> table = {
      {"empty", "", {{0, "", "the text is empty"}}},
      {"white space", " \n\n", {{0, "", "the text is empty"}}},
      {"comments", "# nothing\n", {{0, "", "the text is empty"}}},
      {"a document of nothing", "---\n...\n", {{0, "", "the text is empty"}}},
      {"NUL byte", "name: t\nversion: \0"s, {{2, "", "control character U+0000"}}},
      {"escape character", "name: t\n\x1B[0m", {{2, "", "control character U+001B"}}},
      {"end of transmission, where yaml-cpp stops reading",
       "name: t\n\x04 [",
       {{2, "", "control character U+0004"}}},
      {"delete character", "name: \x7F", {{1, "", "control character U+007F"}}},
      {"not UTF-8", "name: t\nversion: \xFF\n", {{2, "", "the text is not UTF-8"}}},
      {"half a character", "name: t\n\ndescription: \xC3", {{3, "", "the text is not UTF-8"}}},
      {"UTF-16", "\xFF\xFEn\0a\0"s, {{1, "", "the text is not UTF-8"}}},
      {"two documents", with_top("---\nname: u\n"), {{4, "", "a file holds exactly one template"}}},
      {"two documents, the first with a mistake",
       with_top("step: 1\n---\nname: u\n"),
       {{4, "step", "unknown field"}, {5, "", "a file holds exactly one template"}}},
      {"tab before a list",
       "name: t\nsteps:\n\t- name: a\n",
       {{3, "", "indented with a tab, expected spaces"}}},
      {"tab before a mapping",
       "name: t\nlifecycle:\n\ta: b\n",
       {{3, "", "indented with a tab, expected spaces"}}},
      {"unclosed list", "name: [a\nversion: b\n", {{2, "", "not YAML: "}}},
      {"unclosed double quote", "name: \"a\nversion: b\n", {{3, "", "not YAML: "}}},
      {"unclosed single quote", "name: 'a\nversion: b\n", {{3, "", "not YAML: "}}},
      {"wrong indentation", "name: t\n  version: b\n", {{2, "", "not YAML: "}}},
      {"text after a flow mapping",
       "{name: t}\nversion: b\n",
       {{1, "namespace_name", "missing"},
        {1, "version", "missing"},
        {2, "", "more text after the end of the document"}}},
      {"unknown escape", "name: \"\\q\"\n", {{1, "", "not YAML: "}}},
      {"reserved character", "name: @a\n", {{1, "", "not YAML: "}}},
      {"unknown alias", "name: *a\n", {{1, "", "not YAML: "}}},
      {"alias inside of its own value",
       with_top("default_context: &a {b: [1, *a]}\n"),
       {{4, "default_context.b[1]", "inside of the value that it stands for"}}},
  };
  for (const BadText& bad : table) expect_problems(bad);
}

TEST(YamlTree, TheTextHasASizeLimit) {
  TemplateLimits limits;
  limits.bytes_max = 64;
  const std::string text = with_top("# ");
  const std::string at_limit = text + std::string(limits.bytes_max - text.size(), 'x');
  EXPECT_TRUE(read_template_yaml(at_limit, limits).body.has_value());
  expect_problems(
      {"65", at_limit + "x", {{0, "", "the text has 65 bytes, at most 64 are allowed"}}}, limits);
}

TEST(YamlTree, NestingHasALimit) {
  // The top mapping is the first level, default_context the second.
  const auto nested = [](std::size_t depth) {
    return with_top("default_context: {a: " + lists(depth) + "}\n");
  };
  good(nested(62));
  const TemplateReport report = read_template_yaml(nested(63));
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].line, 4);
  EXPECT_EQ(report.problems[0].field, "default_context.a" + repeated("[0]", 62));
  EXPECT_EQ(report.problems[0].reason, "nested deeper than 64 levels");
}

TEST(YamlTree, NestingThroughAliasesHasTheSameLimit) {
  // Each line nests the one before in 20 more levels.
  const auto nested = [](std::size_t last) {
    const auto around = [](std::size_t depth, const std::string& inner) {
      return std::string(depth, '[') + inner + std::string(depth, ']');
    };
    return with_top("default_context:\n  a: &a " + around(20, "1") + "\n  b: &b " +
                    around(20, "*a") + "\n  c: " + around(last, "*b") + "\n");
  };
  good(nested(22));
  expect_problems({"65 levels",
                   nested(23),
                   {{7, "default_context.c" + repeated("[0]", 23), "deeper than 64 levels"}}});
}

TEST(YamlTree, DeepNestingOfAnyKindEndsSoonAndIsRefused) {
  for (const std::string_view opener :
       {"[", "{", "{a: ", "[a, ", "- ", "? ", ": ", "a: [", "x: {", "[\n", "&a [", "!t ["}) {
    const std::string text = repeated(opener, (std::size_t{1} << 20) / opener.size());
    const auto start = std::chrono::steady_clock::now();
    const TemplateReport report = read_template_yaml(text);
    EXPECT_FALSE(report.body.has_value()) << opener;
    EXPECT_FALSE(report.problems.empty()) << opener;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << opener;
  }
}

TEST(YamlTree, ManyBracketsOnOneLineAreAllowedWhenTheyAreText) {
  const std::string pairs = repeated("[]", 5000);
  EXPECT_EQ(good(with_top("description: '" + pairs + "'\n")).description, pairs);
  const std::string open(1000, '[');
  EXPECT_EQ(good(with_top("description: '" + open + "'\n")).description, open);
  expect_problems({"1001",
                   with_top("description: '" + open + "['\n"),
                   {{4, "", "nested too deep: over 1000 open brackets on one line"}}});
}

/// Each line is a list of nine aliases of the line before.
std::string alias_bomb(int lines) {
  std::string yaml = with_top("default_context:\n  l0: &l0 boom\n");
  for (int i = 1; i <= lines; ++i) {
    const std::string before = "*l" + std::to_string(i - 1);
    yaml += "  l" + std::to_string(i) + ": &l" + std::to_string(i) + " [" +
            repeated(before + ", ", 8) + before + "]\n";
  }
  return yaml;
}

TEST(YamlTree, AliasBombsAreRefusedWithoutBeingExpanded) {
  good(alias_bomb(4));
  for (const int lines : {6, 9, 50}) {
    const TemplateReport report = read_template_yaml(alias_bomb(lines));
    ASSERT_EQ(report.problems.size(), 1U);
    EXPECT_EQ(report.problems[0].line, 11);
    EXPECT_TRUE(report.problems[0].field.starts_with("default_context.l6["))
        << all_problems(report);
    EXPECT_EQ(report.problems[0].reason, "over 200000 values, aliases expanded");
  }
}

TEST(YamlTree, AliasesOfLongTextsAreRefusedByTheirBytes) {
  TemplateLimits limits;
  limits.bytes_max = 10'000;
  const auto text = [](std::size_t aliases) {
    return with_top("default_context:\n  long: &long '" + std::string(1000, 'x') + "'\n  list: [" +
                    repeated("*long, ", aliases) + "]\n");
  };
  EXPECT_TRUE(read_template_yaml(text(18), limits).body.has_value());
  expect_problems(
      {"20 texts",
       text(20),
       {{6, "default_context.list[18]", "aliases expand the text to over 20000 bytes"}}},
      limits);
}

TEST(YamlTree, ValuesHaveALimitWithoutAliasesToo) {
  TemplateLimits limits;
  limits.nodes_max = 20;
  // The root, three keys with their values, `default_context`, its list's key and the list: 11.
  const auto text = [](std::size_t items) {
    return with_top("default_context: {a: [" + repeated("1,", items) + "]}\n");
  };
  EXPECT_TRUE(read_template_yaml(text(9), limits).body.has_value());
  expect_problems({"10 items", text(10), {{4, "default_context.a[9]", "over 20 values"}}}, limits);
}

TEST(YamlTree, AliasesStandForTheirValue) {
  const model::TaskTemplate body =
      good(with_top("steps:\n"
                    "- name: a\n"
                    "  handler: &h {callable: h, initialization: &i {x: 1}}\n"
                    "  retry: &r {max_attempts: 5}\n"
                    "- {name: b, handler: *h, retry: *r}\n"
                    "default_context: {y: *i, z: [*i, *i]}\n"));
  ASSERT_EQ(body.steps.size(), 2U);
  EXPECT_EQ(body.steps[1].handler.callable, "h");
  EXPECT_EQ(body.steps[1].retry.max_attempts, 5U);
  EXPECT_EQ(body.default_context_json, R"({"y":{"x":1},"z":[{"x":1},{"x":1}]})");
}

TEST(YamlTree, AnAliasCanBeAKey) {
  EXPECT_EQ(good(with_top("default_context: {a: &k key, *k : 1}\n")).default_context_json,
            R"({"a":"key","key":1})");
}

TEST(YamlTree, TheLinesOfQuotedAndFoldedTextsAreCounted) {
  expect_problems({"lines",
                   with_top("description: |\n  one\n\n  two\n\nstep: 1\n"),
                   {{9, "step", "unknown field"}}});
  EXPECT_EQ(good(with_top("description: >\n  one\n  two\n")).description, "one two\n");
  EXPECT_EQ(good(with_top("description: |+\n  one\n\n")).description, "one\n\n");
  EXPECT_EQ(good(with_top("description: |\n  # no comment\n")).description, "# no comment\n");
}

TEST(YamlTree, TheStringTagMakesAString) {
  EXPECT_EQ(good(with_top("default_context: {a: !!str 5, b: !!map {}, c: !!seq []}\n"))
                .default_context_json,
            R"({"a":"5","b":{},"c":[]})");
  expect_problems({"other tags",
                   with_top("default_context: {a: !!int 5, b: !!binary x}\n"),
                   {{4, "default_context.a", "tag `tag:yaml.org,2002:int` is not supported"},
                    {4, "default_context.b", "tag `tag:yaml.org,2002:binary` is not supported"}}});
}

TEST(YamlTree, DuplicateKeysAreFoundAtEveryLevel) {
  expect_problems({"deep",
                   with_top("default_context:\n  a:\n  - {b: 1, c: 2, b: 3}\n  d: 1\n  d: 2\n"
                            "  \"d\": 3\n"),
                   {{6, "default_context.a[0].b", "duplicate key; it is given first on line 6"},
                    {8, "default_context.d", "duplicate key; it is given first on line 7"},
                    {9, "default_context.d", "duplicate key; it is given first on line 7"}}});
}

TEST(YamlTree, RandomlyDamagedTemplatesAreReadOrRefusedButNeverHarm) {
  const std::uint64_t seed = 20'260'214;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  const std::string whole = with_top(
      "steps:\n- name: a\n  handler: &h {callable: \"h\", initialization: {x: [1, 2.5, 'y']}}\n"
      "- name: b\n  handler: *h\n  dependencies: [a]\n  retry: {backoff: none}\n"
      "  publishes_events:\n  - {name: a.b, description: |\n    text\n    , schema: {}}\n");
  constexpr std::string_view kBytes = "[]{}:,-?&*!|>'\"%@`#\n\t \\x0~<\x80\xC3";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = whole;
    for (std::uint64_t i = 0; i <= random.below(4); ++i) {
      const std::size_t at = random.below(text.size());
      const char byte = kBytes[random.below(kBytes.size())];
      switch (random.below(3)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1 + random.below(6));
      }
    }
    const TemplateReport report = read_template_yaml(text);
    ASSERT_NE(report.body.has_value(), !report.problems.empty()) << text;
  }
}

}  // namespace
}  // namespace tasker::engine
