/*
 * The C ABI of Tasker: durable multi-step work inside your own process.
 *
 * By subject: common.h (versions, statuses, errors, buffers, logging), worker.h (opening, running
 * steps, news without polling, status, the end), tasks.h (tasks and templates), events.h (durable
 * domain events, the event bus), attachment.h (executors, and threads that take their steps by
 * themselves). tasker.hpp is a C++ skin over them, tasker_flat.h the flat names of an older
 * contract.
 *
 * Conventions
 *
 * - Text in is a pointer and a size in bytes: UTF-8, borrowed for the call, no NUL needed. NULL is
 *   allowed where the parameter says so, or with size 0.
 * - Text out is a tasker_buffer that the caller owns and releases with tasker_buffer_destroy.
 * - Every fallible function returns a tasker_status and takes `tasker_error** out_error` last. That
 *   may be NULL. It is written only when the return value is not TASKER_OK; the caller then owns
 *   the error and releases it with tasker_error_destroy. All other outputs are written only on
 *   TASKER_OK, unless the function says otherwise.
 * - A tasker_worker*, a tasker_attachment* and a tasker_error* are handles, not addresses: never
 *   dereferenced, below 2^53, never used twice. A stale or made-up one is answered with
 *   TASKER_ERR_CLOSED or TASKER_ERR_INVALID_ARGUMENT. After fork() the child gets
 *   TASKER_ERR_FORKED from its parent's handles and may open workers of its own.
 * - Threads: every function may be called from any thread, several at once, unless it says
 *   otherwise.
 * - Callbacks run on threads of the library, never inside one of its locks. One that is replaced or
 *   whose worker is closed is not called any more once that call has returned.
 * - No C++ exception leaves the library.
 * - INVALID_ARGUMENT (a null or stale pointer, a value out of its range), CLOSED, FORKED,
 *   TOO_LARGE (out of memory) and INTERNAL can come from every function that takes a handle; the
 *   outcomes listed at each function are in addition to these.
 * - A ..._begin function returns FULL when 65536 replies are outstanding, or 16 drains and stops.
 * - Structs that may grow begin with their size and have an ..._INIT value.
 */
#ifndef TASKER_TASKER_H_
#define TASKER_TASKER_H_

#include "attachment.h"
#include "common.h"
#include "events.h"
#include "tasks.h"
#include "worker.h"

#endif /* TASKER_TASKER_H_ */
