#include "doors/node/attachment_object.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/worker/attachment.h"
#include "core/worker/completion_batch.h"
#include "doors/node/call.h"
#include "doors/node/environment.h"
#include "doors/node/method.h"
#include "doors/node/step_methods.h"
#include "doors/node/wrapped_object.h"

namespace tasker::node {

using base::ErrorCode;
using base::fail;
using base::Result;
using worker::Attachment;

namespace {

struct AttachmentObject : WrappedObject {
  static constexpr napi_type_tag kTag = {0x7461736b65722d61, 0x74746163682d3031};
  static constexpr const char* kWhat = "an attachment";

  std::shared_ptr<Attachment> attachment;
  std::vector<worker::StepEvent> events;  // kept, so that polling allocates once
  std::string text;
  TextBuffer given;

  base::Status check() const { return {}; }
  void end() {
    attachment->detach();
    drop_wakeup();
    environment->remove(attachment);
  }
};

using Kept = std::shared_ptr<AttachmentObject>;

Result<napi_value> set_wakeup(const Call& call, const Kept& object) {
  return set_wakeup_of(call, object, *object->attachment);
}

Result<napi_value> poll_step_events(const Call& call, const Kept& object) {
  auto max = call.integer(0, "max", 1, kPollMax);
  if (!max) return fail(max.error());
  const auto taken =
      object->attachment->poll_step_events(static_cast<std::size_t>(*max), object->events);
  if (!taken) return fail(taken.error());
  if (*taken == 0) return null_value(call);
  write_step_events(object->text, object->events);
  object->attachment->give_back(object->events);
  return make_string(call.env(), object->text);
}

Result<napi_value> poll_notices(const Call& call, const Kept& object) {
  auto max = call.integer(0, "max", 1, kPollMax);
  if (!max) return fail(max.error());
  const auto notices = object->attachment->poll_notices(static_cast<std::size_t>(*max));
  if (!notices) return fail(notices.error());
  return notices_value(call, *notices);
}

Result<napi_value> complete_step_event(const Call& call, const Kept& object) {
  auto event_id = call.uuid(0, "eventId");
  if (!event_id) return fail(event_id.error());
  auto result = call.text(1, "resultJson", object->given);
  if (!result) return fail(result.error());
  return undefined_or(object->attachment->complete_step_event(*event_id, *result));
}

Result<napi_value> complete_step_events(const Call& call, const Kept& object) {
  auto completions = call.text(0, "completionsJson", object->given);
  if (!completions) return fail(completions.error());
  auto refusals = worker::complete_step_events_json(
      [&](const base::Uuid& id, base::JsonText result) {
        return object->attachment->complete_step_event(id, result);
      },
      *completions);
  if (!refusals) return fail(refusals.error());
  return refusals->empty() ? null_value(call) : make_string(call.env(), *refusals);
}

Result<napi_value> checkpoint_step_event(const Call& call, const Kept& object) {
  return begin_checkpoint(call, *object->environment, *object->attachment);
}

Result<napi_value> checkpoint_step_event_sync(const Call& call, const Kept& object) {
  return wait_checkpoint(call, *object->attachment);
}

Result<napi_value> hand_back(const Call& call, const Kept& object) {
  const auto ids = uuids_argument(call, 0, "eventIds");
  if (!ids) return fail(ids.error());
  return count_or(call, object->attachment->hand_back(*ids));
}

Result<napi_value> detach(const Call&, const Kept& object) {
  object->end();
  return nullptr;
}

constexpr MethodEntry<AttachmentObject> kMethods[] = {
    {"setWakeup", set_wakeup},
    {"pollStepEvents", poll_step_events},
    {"pollNotices", poll_notices},
    {"completeStepEvent", complete_step_event},
    {"completeStepEvents", complete_step_events},
    {"checkpointStepEvent", checkpoint_step_event},
    {"checkpointStepEventSync", checkpoint_step_event_sync},
    {"handBack", hand_back},
    {"detach", detach},
};

Result<napi_value> make_object(napi_env env, const Kept& object) {
  const auto value = wrap(env, object, kMethods);
  if (!value) return value;
  napi_value id = nullptr;
  if (napi_create_uint32(env, object->attachment->id(), &id) != napi_ok ||
      napi_set_named_property(env, *value, "id", id) != napi_ok)
    return fail(ErrorCode::kINTERNAL, "the attachment's id cannot be shown");
  object->environment->add(object->attachment);
  return value;
}

}  // namespace

napi_value attach(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> Result<napi_value> {
    const Call call(env, info, "attach");
    const auto token = call.text(0, "token");
    if (!token) return fail(token.error());
    const auto executor = executor_argument(call, 1);
    if (!executor) return fail(executor.error());
    auto name = call.text(2, "name");
    if (!name) return fail(name.error());
    auto attachment = Attachment::open(*token, *executor, std::move(*name));
    if (!attachment) return fail(attachment.error());
    auto object = std::make_shared<AttachmentObject>();
    object->environment = static_cast<Environment*>(call.data())->shared_from_this();
    object->attachment = std::move(*attachment);
    object->env = env;
    return make_object(env, object);
  });
}

}  // namespace tasker::node
