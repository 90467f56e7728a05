#include "doors/c/flat_templates.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "doors/c/door_test_support.h"

namespace tasker::c {
namespace {

class FlatTemplates : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    const std::filesystem::path path = folder_.file(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::vector<TemplateFile> read(const std::string& name = "") {
    return read_template_files(folder_.file(name), *base::make_null_logger());
  }

  worker::TempFolder folder_;
};

TEST_F(FlatTemplates, AreAllYamlFilesBelowTheFolder) {
  write("b/c/two.yml", kOneStep);
  write("a.yaml", kOneStep);
  write("b/notes.txt", kOneStep);
  const auto files = read();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, folder_.file("a.yaml"));
  EXPECT_EQ(files[0].body.namespace_name, "test");
  EXPECT_EQ(read("a.yaml").size(), 1U) << "a file by itself";
}

TEST_F(FlatTemplates, ThatBreakARuleAreLeftOut) {
  write("bad.yaml", "name: 5\n");
  write("empty.yaml", "");
  write("good.yaml", kOneStep);
  EXPECT_EQ(read().size(), 1U);
}

TEST_F(FlatTemplates, MayHaveFieldsThatNoRuleKnows) {
  write("more.yaml", std::string(kOneStep) + "owner: somebody\n");
  EXPECT_EQ(read().size(), 1U);
}

TEST_F(FlatTemplates, OfAFolderThatIsNotThereAreNone) { EXPECT_TRUE(read("nowhere").empty()); }

TEST_F(FlatTemplates, EndWhereLinksRunInCircles) {
  write("a/one.yaml", kOneStep);
  std::filesystem::create_directory_symlink(folder_.file("a"), folder_.file("a/again"));
  EXPECT_EQ(read().size(), 1U);
}

}  // namespace
}  // namespace tasker::c
