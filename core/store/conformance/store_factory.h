// What a back end brings to the conformance suite: a way to make a store of its kind.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/store/store.h"

namespace tasker::store::conformance {

/// One set of data of a back end: empty at first, gone when the factory is destroyed.
/// Threads: any; a factory outlives the handles that it opened.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;

  /// Opens a handle on the factory's data as a process of its own would: the first call finds it
  /// empty, later calls find what was committed, whether earlier handles are still open or not.
  virtual base::Result<std::unique_ptr<Store>> open() = 0;
};

/// A back end as a parameter of the suite.
struct BackEnd {
  std::string name;  ///< in the names of the tests: letters and digits
  std::function<std::unique_ptr<StoreFactory>()> make_factory;  ///< new and empty at each call
};

}  // namespace tasker::store::conformance
