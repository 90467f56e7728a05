// The shape of a task template against the reader of the core: what one takes, the other takes too.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/engine/problem_list.h"
#include "core/engine/template_yaml.h"
#include "core/engine/yaml_reader.h"
#include "core/engine/yaml_tree.h"
#include "tests/contract/json_value.h"
#include "tests/contract/replay.h"
#include "tests/contract/schema_set.h"

namespace tasker::contract {
namespace {

const SchemaSet& schemas() {
  static const base::Result<SchemaSet> loaded = SchemaSet::load(TASKER_CONTRACT_FOLDER "/schema");
  return loaded.value();
}

/// The YAML as the JSON value that it stands for; null when it is no YAML.
JsonValue as_json(const std::string& yaml) {
  engine::ProblemList problems;
  const auto tree = engine::YamlTree::parse(yaml, {}, problems);
  if (!tree) return JsonValue::null();
  return parse_json(engine::read_json({&tree->root(), ""}, problems)).value();
}

std::string mismatch_of(const std::string& yaml) {
  return schemas().mismatch("task_template", as_json(yaml));
}

bool is_taken(const std::string& yaml) { return engine::read_template_yaml(yaml).body.has_value(); }

TEST(TaskTemplateShape, TakesEveryTemplateOfTheVectors) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(TASKER_CONTRACT_FOLDER "/vectors/templates")) {
    std::ifstream file(entry.path());
    const std::string yaml(std::istreambuf_iterator<char>(file), {});
    EXPECT_TRUE(is_taken(yaml)) << entry.path();
    EXPECT_EQ(mismatch_of(yaml), "") << entry.path();
    ++count;
  }
  EXPECT_GT(count, 5);
}

TEST(TaskTemplateShape, TakesAndRefusesWhatTheVectorsSayUnlessItIsAboutOtherSteps) {
  const auto vectors = load_vectors(TASKER_CONTRACT_FOLDER "/vectors");
  ASSERT_TRUE(vectors);
  int refused = 0;
  int taken = 0;
  for (const Vector& vector : *vectors) {
    if (vector.subject != "templates") continue;
    for (const JsonValue& step : vector.body.find("do")->items) {
      if (step.find("call")->text != "check_template") continue;
      const JsonValue& argument = step.find("arguments")->items.at(0);
      if (!argument.is(JsonValue::Kind::kString)) continue;
      const JsonValue* const field = at_pointer(step, "/expect/problems/$contains/field");
      // A schema sees one step at a time, and no schema inside of it.
      const bool beyond =
          field != nullptr &&
          (field->text.find("dependencies") != std::string::npos ||
           field->text.find("schema.") != std::string::npos || field->text == "steps[1].name");
      if (beyond) continue;
      const bool fits = mismatch_of(argument.text).empty();
      EXPECT_EQ(fits, step.find("expect")->find("ok")->truth) << argument.text;
      (fits ? taken : refused) += 1;
    }
  }
  EXPECT_GT(taken, 5);
  EXPECT_GT(refused, 25);
}

}  // namespace
}  // namespace tasker::contract
