// A worker behind tasker.h: each call as the answer that the vectors compare.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "include/tasker/tasker.h"
#include "tests/contract/door.h"

namespace tasker::contract {

/// Owns one tasker_worker; closed when destroyed. Threads: one.
class HandleWorker {
 public:
  HandleWorker() = default;
  ~HandleWorker();
  HandleWorker(const HandleWorker&) = delete;
  HandleWorker& operator=(const HandleWorker&) = delete;

  /// `{"success": true}`, or the refusal.
  Answer open(const TextArgument& config);
  Answer take_all_and_start();
  /// Later calls get the dead handle.
  Answer close();
  /// Opens, stores templates, starts if asked to, creates tasks; their ids, in order.
  base::Result<std::vector<std::string>> prepare(const TextArgument& config,
                                                 const std::vector<std::string>& templates,
                                                 const std::vector<JsonValue>& tasks, bool start);

  Answer put_template(const std::string& yaml);
  Answer list_templates();
  Answer retry_task(const std::string& task_uuid);
  static Answer check_template(const std::string& yaml);

  Answer status();
  Answer dispatch_metrics();
  Answer poll_step_event();
  Answer poll_domain_event();
  Answer poll_notice();
  Answer subscribe_domain_events(const TextArgument& subscription);
  Answer unsubscribe_domain_events(const std::string& subscriber);
  Answer remove_subscriber(const std::string& subscriber);
  Answer poll_delivery();
  Answer acknowledge_delivery(const std::string& delivery_id);
  Answer fail_delivery(const std::string& delivery_id, const TextArgument& failure);
  Answer complete(const std::string& event_id, const TextArgument& result);
  Answer checkpoint(const std::string& event_id, const TextArgument& checkpoint);
  Answer check_starvation_warnings();
  Answer drain(std::uint32_t timeout_ms);
  Answer wait_task(const std::string& task_uuid, std::uint32_t timeout_ms);
  Answer create_task(const std::string& request);
  Answer get_task(const std::string& task_uuid);
  Answer list_tasks(const TextArgument& params);
  Answer list_task_steps(const std::string& task_uuid);
  Answer get_step(const std::string& task_uuid, const std::string& step_uuid);
  Answer get_step_audit_history(const std::string& task_uuid, const std::string& step_uuid);
  Answer cancel_task(const std::string& task_uuid);

 private:
  tasker_worker* worker_ = nullptr;
  bool is_open_ = false;
};

/// The answer 1 or 0 by a status.
Answer flag_answer(tasker_status status, tasker_error* error);
Answer log_answer(std::int32_t level, const std::string& message, const TextArgument& fields);

}  // namespace tasker::contract
