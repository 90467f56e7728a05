// Compiled templates by id and by key, so that neither creating a task nor dispatching a step reads
// them twice.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/engine/compiled_template.h"
#include "core/store/store.h"

namespace tasker::worker {

using CompiledTemplatePtr = std::shared_ptr<const engine::CompiledTemplate>;

/// Threads: any; a miss reads through the caller's own reader.
class TemplateCache {
 public:
  /// The revision with this id. Revisions never change, so that an entry is right for ever.
  base::Result<CompiledTemplatePtr> by_id(model::TemplateId id, store::Reader& reader);

  /// The newest revision of a key; NOT_FOUND, UNSUPPORTED.
  base::Result<CompiledTemplatePtr> by_key(std::string_view namespace_name, std::string_view name,
                                           std::string_view version, store::Reader& reader);
  /// The same without reading; null when it is not known.
  CompiledTemplatePtr find_key(std::string_view namespace_name, std::string_view name,
                               std::string_view version);

  /// Forgets which revision is the newest: another process may have added one.
  void forget_keys();

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  using KeyView = std::tuple<std::string_view, std::string_view, std::string_view>;
  /// Finds by views. std::less<> compares no tuples of different members with Clang 14.
  struct KeyLess {
    using is_transparent = void;
    bool operator()(const KeyView& a, const KeyView& b) const { return a < b; }
  };

  base::Mutex mutex_;
  std::unordered_map<std::int64_t, CompiledTemplatePtr> by_id_ TASKER_GUARDED_BY(mutex_);
  std::map<Key, CompiledTemplatePtr, KeyLess> by_key_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::worker
