// SQLite as a back end of the conformance suite: each factory has a file in a directory of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/logger.h"
#include "core/base/random.h"
#include "core/base/uuid.h"
#include "core/store/conformance/store_factory.h"
#include "core/store/sqlite/sqlite_store.h"

namespace tasker::store::sqlite {

class SqliteFactory final : public conformance::StoreFactory {
 public:
  explicit SqliteFactory(Durability durability) {
    base::Random random = base::Random::from_system();
    directory_ = std::filesystem::temp_directory_path() /
                 ("tasker-conformance-" + base::make_uuid_v4(random).text());
    std::filesystem::create_directories(directory_);
    options_.path = (directory_ / "store.db").string();
    options_.durability = durability;
  }
  ~SqliteFactory() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  SqliteFactory(const SqliteFactory&) = delete;
  SqliteFactory& operator=(const SqliteFactory&) = delete;

  base::Result<std::unique_ptr<Store>> open() override {
    return sqlite::open(options_, base::make_null_logger());
  }

 private:
  std::filesystem::path directory_;
  Options options_;
};

inline conformance::BackEnd sqlite_back_end(std::string name, Durability durability) {
  return {.name = std::move(name),
          .make_factory = [durability] { return std::make_unique<SqliteFactory>(durability); }};
}

}  // namespace tasker::store::sqlite
