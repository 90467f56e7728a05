// Requests about tasks and templates as JSON text: what both doors and the command line offer
// besides running steps.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/store/store.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// The members that read_task_request knows.
std::vector<std::string_view> task_request_members();
/// Task request of the contract's 2.8, each member checked; the error's field is the member's path
/// below `field`.
base::Result<TaskRequest> read_task_request(std::string_view json, std::string_view field);

// JSON documents of records, shared by the doors and the command line. Shapes: contract, 2.8.
base::Result<std::string> task_json(store::Reader& reader, const base::Uuid& task);
base::Result<std::string> task_list_json(store::Reader& reader, const store::TaskFilter& filter);
base::Result<std::string> task_steps_json(store::Reader& reader, const base::Uuid& task);
base::Result<std::string> step_json(store::Reader& reader, const base::Uuid& task,
                                    const base::Uuid& step);
base::Result<std::string> step_audit_json(store::Reader& reader, const base::Uuid& task,
                                          const base::Uuid& step);
base::Result<std::string> template_list_json(store::Reader& reader);
base::Result<std::string> template_json(store::Reader& reader, std::string_view namespace_name,
                                        std::string_view name, std::string_view version);

/// {limit, offset, namespace, status} of the contract's 2.8 to a filter; INVALID_ARGUMENT with the
/// field.
base::Result<store::TaskFilter> read_task_filter(std::string_view json);

}  // namespace tasker::worker
