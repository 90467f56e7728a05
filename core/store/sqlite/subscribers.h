// Who gets the outbox's events: what changes of subscribers and dead deliveries outside of a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/store/outbox.h"
#include "core/store/sqlite/connection.h"

namespace tasker::store::sqlite {

// As the members of store::Store that have their names, each inside a transaction that the caller
// begins and commits.

base::Result<model::SubscriberId> put_subscriber(Connection& connection,
                                                 const SubscriberSettings& settings,
                                                 std::int64_t now_us);
/// Whether a worker with a record, other than `worker`, holds it: a look that locks nothing.
base::Result<bool> is_held_by_another(Connection& connection, model::SubscriberId id,
                                      model::WorkerId worker);
base::Result<bool> acquire_subscriber(Connection& connection, model::SubscriberId id,
                                      model::WorkerId worker, std::int64_t now_us);
base::Status release_subscriber(Connection& connection, model::SubscriberId id,
                                model::WorkerId worker, std::uint64_t seen);
base::Status remove_subscriber(Connection& connection, std::string_view name);
base::Result<std::uint64_t> retry_dead_deliveries(Connection& connection,
                                                  std::string_view subscriber,
                                                  std::optional<std::uint64_t> number);
base::Result<std::uint64_t> drop_dead_deliveries(Connection& connection,
                                                 std::string_view subscriber,
                                                 std::optional<std::uint64_t> number);
base::Result<RemovedEvents> remove_passed_events(Connection& connection, std::int64_t before_us,
                                                 std::uint64_t after, std::uint32_t limit);

}  // namespace tasker::store::sqlite
