#include "core/worker/template_cache.h"

namespace tasker::worker {

using base::fail;
using base::Lock;
using base::Result;

Result<CompiledTemplatePtr> TemplateCache::by_id(model::TemplateId id, store::Reader& reader) {
  {
    Lock lock(mutex_);
    const auto found = by_id_.find(static_cast<std::int64_t>(id));
    if (found != by_id_.end()) return found->second;
  }
  auto stored = reader.load_template(id);
  if (!stored) return fail(stored.error());
  auto compiled = engine::compile_template(std::move(*stored));
  if (!compiled) return fail(compiled.error());
  Lock lock(mutex_);
  return by_id_.emplace(static_cast<std::int64_t>(id), std::move(*compiled)).first->second;
}

CompiledTemplatePtr TemplateCache::find_key(std::string_view namespace_name, std::string_view name,
                                            std::string_view version) {
  Lock lock(mutex_);
  const auto found = by_key_.find(KeyView(namespace_name, name, version));
  return found == by_key_.end() ? nullptr : found->second;
}

Result<CompiledTemplatePtr> TemplateCache::by_key(std::string_view namespace_name,
                                                  std::string_view name, std::string_view version,
                                                  store::Reader& reader) {
  if (auto known = find_key(namespace_name, name, version)) return known;
  auto stored = reader.find_template(namespace_name, name, version);
  if (!stored) return fail(stored.error());
  const auto id = static_cast<std::int64_t>(stored->id);
  auto compiled = engine::compile_template(std::move(*stored));
  if (!compiled) return fail(compiled.error());
  Lock lock(mutex_);
  const CompiledTemplatePtr shared = by_id_.emplace(id, std::move(*compiled)).first->second;
  by_key_[Key(namespace_name, name, version)] = shared;
  return shared;
}

void TemplateCache::forget_keys() {
  Lock lock(mutex_);
  by_key_.clear();
}

}  // namespace tasker::worker
