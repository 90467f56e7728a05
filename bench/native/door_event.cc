#include "bench/native/door_event.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "bench/native/output.h"
#include "core/base/random.h"
#include "core/engine/compiled_template.h"
#include "core/worker/step_event.h"

namespace tasker::bench {
namespace {

constexpr std::int64_t kCreatedAtUs = 1'767'225'600'123'456;

base::Uuid uuid_of(std::uint64_t number) {
  base::Random random(number);
  return base::make_uuid_v4(random);
}

}  // namespace

std::int64_t monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

store::StoredTemplate door_template() {
  store::StoredTemplate stored;
  stored.id = kDoorTemplate;
  stored.uuid = uuid_of(1);
  stored.created_at_us = kCreatedAtUs;
  stored.body.namespace_name = kDoorNamespace;
  stored.body.name = "door";
  stored.body.version = "1.0.0";
  model::StepTemplate& step = stored.body.steps.emplace_back();
  step.name = "work";
  step.handler.callable = kDoorCallable;
  stored.handler_of_step = {kDoorHandler};
  return stored;
}

store::TaskHeader door_task(std::int64_t seq, std::int64_t stamp_us) {
  store::TaskHeader task;
  task.id = model::TaskId{seq};
  task.uuid = uuid_of(static_cast<std::uint64_t>(seq));
  task.template_id = kDoorTemplate;
  // Digits in strings: JSON numbers have no leading zeros.
  task.context_json = fmt::format(R"({{"seq":"{:0{}}","stamp_us":"{:0{}}"}})", seq, kSeqDigits,
                                  stamp_us, kStampDigits);
  task.initiator = "bench";
  task.source_system = "bench";
  task.reason = "door";
  task.correlation_id = task.uuid;
  task.requested_at_us = kCreatedAtUs;
  task.created_at_us = kCreatedAtUs;
  return task;
}

store::Claim door_claim(std::int64_t seq, std::int64_t now_us) {
  store::Claim claim;
  claim.step = {model::TaskId{seq}, 0};
  claim.template_id = kDoorTemplate;
  claim.handler = kDoorHandler;
  claim.attempt = 1;
  claim.claimed_at_us = now_us;
  return claim;
}

std::string door_event_json(std::int64_t seq) {
  auto compiled = engine::compile_template(door_template());
  if (!compiled) die("template", compiled.error().message);
  worker::StepEvent event;
  event.event_id = uuid_of(static_cast<std::uint64_t>(seq));
  event.claim = door_claim(seq, kCreatedAtUs);
  event.task = std::make_shared<const store::TaskHeader>(door_task(seq, 0));
  event.compiled = *compiled;
  std::string text;
  worker::append_step_event_json(text, event);
  return text;
}

}  // namespace tasker::bench
