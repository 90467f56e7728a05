// Replays contract/vectors through the C ABI: each vector through the flat names and through the
// handle names, as far as it is for them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "tests/contract/door.h"
#include "tests/contract/replay.h"

namespace tasker::contract {
namespace {

const std::string kVectors = TASKER_CONTRACT_FOLDER "/vectors";
const std::string kSchemas = TASKER_CONTRACT_FOLDER "/schema";

/// A folder for one test's store, removed with it.
class StoreFolder {
 public:
  StoreFolder() {
    path_ = (std::filesystem::temp_directory_path() / "tasker-contract-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~StoreFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;

  std::string store() const { return path_ + "/store.db"; }

 private:
  std::string path_;
};

const SchemaSet& schemas() {
  static const base::Result<SchemaSet> loaded = SchemaSet::load(kSchemas);
  return loaded.value();
}

class VectorTest : public ::testing::Test {
 public:
  VectorTest(Vector vector, std::string door)
      : vector_(std::move(vector)), door_(std::move(door)) {}

  void TestBody() override {
    const StoreFolder folder;
    const auto door = door_ == "flat" ? make_flat_door() : make_handle_door();
    const std::string wrong =
        Replayer(kVectors, schemas()).replay(vector_, door_, *door, folder.store());
    EXPECT_EQ(wrong, "") << vector_.subject << ".json: " << vector_.name;
  }

 private:
  Vector vector_;
  std::string door_;
};

/// A vector's name as GoogleTest takes names.
std::string test_name(const std::string& claim) {
  std::string name;
  bool starts_word = true;
  for (const char c : claim) {
    const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (part) name += starts_word && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    starts_word = !part;
  }
  return name;
}

void register_vectors() {
  const auto vectors = load_vectors(kVectors);
  for (const std::string door : {"flat", "handle"}) {
    for (const Vector& vector : vectors.value()) {
      if (!vector.is_for(door)) continue;
      const std::string suite = (door == "flat" ? "FlatNames_" : "HandleNames_") + vector.subject;
      ::testing::RegisterTest(
          suite.c_str(), test_name(vector.name).c_str(), nullptr, nullptr, __FILE__, __LINE__,
          [vector, door]() -> VectorTest* { return new VectorTest(vector, door); });
    }
  }
}

}  // namespace
}  // namespace tasker::contract

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  tasker::contract::register_vectors();
  return RUN_ALL_TESTS();
}
