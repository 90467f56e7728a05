// What a worker's object and an attachment's have in common: steps taken and settled.
#pragma once

#include <node_api.h>

#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/uuid.h"
#include "core/worker/executor.h"
#include "core/worker/notice.h"
#include "core/worker/step_event.h"
#include "doors/node/call.h"
#include "doors/node/environment.h"
#include "doors/node/method.h"

namespace tasker::node {

inline constexpr std::int64_t kPollMax = 4'096;

base::Result<std::vector<base::Uuid>> uuids_argument(const Call& call, std::size_t index,
                                                     std::string_view name);
base::Result<worker::Executor> executor_argument(const Call& call, std::size_t index);
/// An array of names, and of objects with `name`, `executor`, `maxConcurrent` and `deadlineMs`.
base::Result<std::vector<worker::HandlerSpec>> handlers_argument(const Call& call,
                                                                 std::size_t index);

/// The JSON array of `events`, in the place of what `text` held.
void write_step_events(std::string& text, const std::vector<worker::StepEvent>& events);
/// Their JSON array, or null when there is none.
base::Result<napi_value> notices_value(const Call& call,
                                       const std::vector<worker::Notice>& notices);
Environment::Settle text_settle(std::string text);

struct Checkpoint {
  base::Uuid event_id;
  std::string json;
};
base::Result<Checkpoint> read_checkpoint(const Call& call);

/// checkpointStepEvent and its blocking form, of a worker or an attachment.
template <class Steps>
base::Result<napi_value> begin_checkpoint(const Call& call, Environment& environment,
                                          Steps& steps) {
  const auto checkpoint = read_checkpoint(call);
  if (!checkpoint) return base::fail(checkpoint.error());
  auto promise = environment.make_promise();
  if (!promise.promise) return nullptr;
  steps.checkpoint_step_event(
      checkpoint->event_id, checkpoint->json,
      [settle = std::move(promise.settle)](const base::Result<base::Uuid>& next) {
        if (!next) return settle(base::fail(next.error()));
        settle(text_settle(next->text()));
      });
  return promise.promise;
}

template <class Steps>
base::Result<napi_value> wait_checkpoint(const Call& call, Steps& steps) {
  const auto checkpoint = read_checkpoint(call);
  if (!checkpoint) return base::fail(checkpoint.error());
  std::promise<base::Result<base::Uuid>> done;
  steps.checkpoint_step_event(
      checkpoint->event_id, checkpoint->json,
      [&done](base::Result<base::Uuid> next) { done.set_value(std::move(next)); });
  const auto next = done.get_future().get();
  if (!next) return base::fail(next.error());
  return make_string(call.env(), next->text());
}

}  // namespace tasker::node
