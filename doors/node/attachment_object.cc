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

namespace tasker::node {

using base::ErrorCode;
using base::fail;
using base::Result;
using worker::Attachment;

namespace {

constexpr napi_type_tag kAttachmentTag = {0x7461736b65722d61, 0x74746163682d3031};

/// What a wrapped object owns.
struct AttachmentObject {
  std::shared_ptr<Environment> environment;
  std::shared_ptr<Attachment> attachment;
  napi_env env = nullptr;
  napi_ref on_wakeup = nullptr;
  std::vector<worker::StepEvent> events;  // kept, so that polling allocates once
  std::string text;
  TextBuffer given;
};

/// What napi_wrap points to. Shared, so that a wake-up on its way finds out that the object is
/// gone.
using Kept = std::shared_ptr<AttachmentObject>;

void drop_wakeup(AttachmentObject& object) {
  if (!object.on_wakeup) return;
  (void)napi_delete_reference(object.env, std::exchange(object.on_wakeup, nullptr));
  object.environment->let_go();
}

void end(AttachmentObject& object) {
  object.attachment->detach();
  drop_wakeup(object);
  object.environment->remove(object.attachment);
}

void finalize(napi_env, void* data, void*) {
  const std::unique_ptr<Kept> kept(static_cast<Kept*>(data));
  end(**kept);
}

using Method = Result<napi_value> (*)(const Call&, const Kept&);

struct MethodEntry {
  const char* name;
  Method body;
};

Result<Kept> receiver(const Call& call) {
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(call.env(), call.receiver(), &kAttachmentTag, &tagged) !=
          napi_ok ||
      !tagged || napi_unwrap(call.env(), call.receiver(), &data) != napi_ok)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                "this method was called on something that is not an attachment", "this");
  return *static_cast<Kept*>(data);
}

napi_value call_method(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> Result<napi_value> {
    void* data = nullptr;
    (void)napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
    const auto* entry = static_cast<const MethodEntry*>(data);
    const Call call(env, info, entry->name);
    auto object = receiver(call);
    if (!object) return fail(object.error());
    return entry->body(call, *object);
  });
}

void call_wakeup(napi_env env, AttachmentObject& object) {
  napi_value function = nullptr;
  napi_value undefined = nullptr;
  if (!object.on_wakeup || napi_get_reference_value(env, object.on_wakeup, &function) != napi_ok ||
      !function || napi_get_undefined(env, &undefined) != napi_ok)
    return;
  (void)napi_call_function(env, undefined, function, 0, nullptr, nullptr);
}

Result<napi_value> set_wakeup(const Call& call, const Kept& object) {
  auto function = call.function_or_null(0, "onWakeup");
  if (!function) return fail(function.error());
  if (auto removed = object->attachment->set_wakeup({}); !removed) return fail(removed.error());
  drop_wakeup(*object);
  if (!*function) return nullptr;
  if (napi_create_reference(call.env(), *function, 1, &object->on_wakeup) != napi_ok)
    return fail(ErrorCode::kINTERNAL, "the wake-up function cannot be kept");
  object->environment->hold();
  std::weak_ptr<Environment> environment = object->environment;
  auto set =
      object->attachment->set_wakeup([environment, weak = std::weak_ptr<AttachmentObject>(object)] {
        if (const auto alive = environment.lock())
          alive->post([weak](napi_env env) {
            if (const Kept kept = weak.lock()) call_wakeup(env, *kept);
          });
      });
  if (!set) drop_wakeup(*object);
  return undefined_or(set);
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
      [&](const base::Uuid& id, std::string_view result) {
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
  end(*object);
  return nullptr;
}

constexpr MethodEntry kMethods[] = {
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

Result<napi_value> wrap(napi_env env, const Kept& object) {
  napi_value value = nullptr;
  napi_value id = nullptr;
  bool made = napi_create_object(env, &value) == napi_ok &&
              napi_type_tag_object(env, value, &kAttachmentTag) == napi_ok &&
              napi_create_uint32(env, object->attachment->id(), &id) == napi_ok &&
              napi_set_named_property(env, value, "id", id) == napi_ok;
  for (const MethodEntry& method : kMethods) {
    napi_value function = nullptr;
    made = made &&
           napi_create_function(env, method.name, NAPI_AUTO_LENGTH, call_method,
                                const_cast<MethodEntry*>(&method), &function) == napi_ok &&
           napi_set_named_property(env, value, method.name, function) == napi_ok;
  }
  auto kept = std::make_unique<Kept>(object);
  if (!made || napi_wrap(env, value, kept.get(), finalize, nullptr, nullptr) != napi_ok)
    return fail(ErrorCode::kINTERNAL, "the attachment object cannot be made");
  (void)kept.release();  // finalize() frees it
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
    return wrap(env, object);
  });
}

}  // namespace tasker::node
