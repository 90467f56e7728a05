#include "core/worker/event_builder.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "core/worker/checkpoint.h"
#include "core/worker/step_document.h"

namespace tasker::worker {

using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kTaskCacheBytesMax = 16U << 20;

}  // namespace

EventBuilder::EventBuilder(TemplateCache& templates, base::Random random)
    : templates_(templates), tasks_(kTaskCacheBytesMax), random_(random) {}

Result<StepEvent> EventBuilder::build(const store::Claim& claim, store::Reader& reader) {
  auto event = assemble(claim, reader);
  if (!event) return event;
  event->correlation_id = base::derive_uuid(event->event_id, 0);
  if (auto added = add_previous_result(*event, reader); !added) return fail(added.error());
  if (auto added = add_checkpoint(*event, reader); !added) return fail(added.error());
  return event;
}

Result<StepEvent> EventBuilder::build_continuation(
    const Dispatched& before, std::shared_ptr<const std::string> checkpoint_json,
    store::Reader& reader) {
  auto event = assemble(before.claim, reader);
  if (!event) return event;
  event->claim.has_checkpoint = true;
  event->correlation_id = before.correlation_id;
  event->checkpoint_json = std::move(checkpoint_json);
  event->is_continuation = true;
  if (auto added = add_previous_result(*event, reader); !added) return fail(added.error());
  return event;
}

Result<StepEvent> EventBuilder::build_again(const Dispatched& dispatched, store::Reader& reader) {
  auto event = assemble(dispatched.claim, reader);
  if (event) event->checkpoint_json = dispatched.checkpoint_json;
  return event;
}

Result<StepEvent> EventBuilder::assemble(const store::Claim& claim, store::Reader& reader) {
  StepEvent event;
  event.event_id = base::make_uuid_v4(random_);
  event.claim = claim;
  auto compiled = templates_.by_id(claim.template_id, reader);
  if (!compiled) return fail(compiled.error());
  event.compiled = std::move(*compiled);
  auto header = header_of(claim.step.task, reader);
  if (!header) return fail(header.error());
  event.task = std::move(*header);
  if (auto added = add_dependencies(event, reader); !added) return fail(added.error());
  return event;
}

Status EventBuilder::add_previous_result(StepEvent& event, store::Reader& reader) {
  if (event.claim.attempt <= 1) return {};
  auto step = reader.load_step(event.claim.step);
  if (!step) return fail(step.error());
  event.previous_result_json =
      step_document(base::derive_uuid(event.task->uuid, event.claim.step.index), *step);
  return {};
}

Status EventBuilder::add_checkpoint(StepEvent& event, store::Reader& reader) {
  if (!event.claim.has_checkpoint) return {};
  auto checkpoint = reader.load_checkpoint(event.claim.step);
  if (!checkpoint) return fail(checkpoint.error());
  if (!*checkpoint)
    return fail(base::ErrorCode::kSTORE_CORRUPT,
                fmt::format("step {} of task {} is said to have a checkpoint, and has none",
                            event.claim.step.index, event.task->uuid.text()));
  event.checkpoint_json = std::make_shared<const std::string>(stored_checkpoint_json(**checkpoint));
  return {};
}

Result<std::shared_ptr<const store::TaskHeader>> EventBuilder::header_of(model::TaskId task,
                                                                         store::Reader& reader) {
  if (auto known = tasks_.header(task)) return known;
  auto read = reader.load_task_header(task);
  if (!read) return fail(read.error());
  auto header = std::make_shared<const store::TaskHeader>(std::move(*read));
  tasks_.put_header(header);
  return header;
}

Status EventBuilder::add_dependencies(StepEvent& event, store::Reader& reader) {
  const std::vector<std::uint32_t> ancestors =
      event.compiled->graph.ancestors(event.claim.template_step);
  event.dependencies.reserve(ancestors.size());
  std::vector<std::uint32_t> unread;
  for (const std::uint32_t step : ancestors) {
    auto result = tasks_.result({event.claim.step.task, step});
    if (!result) unread.push_back(step);
    event.dependencies.push_back({step, std::move(result)});
  }
  if (unread.empty()) return {};

  auto results = reader.load_results(event.claim.step.task, unread);
  if (!results) return fail(results.error());
  auto read = results->begin();
  for (DependencyResult& dependency : event.dependencies) {
    if (dependency.result) continue;
    auto text = std::make_shared<const std::string>(std::move(*read++));
    tasks_.put_result({event.claim.step.task, dependency.step}, text);
    dependency.result = std::move(text);
  }
  return {};
}

}  // namespace tasker::worker
