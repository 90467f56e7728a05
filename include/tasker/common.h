/*
 * What every part of the C ABI uses: versions, statuses, errors, buffers. tasker.h says what holds
 * for all of them.
 */
#ifndef TASKER_COMMON_H_
#define TASKER_COMMON_H_

#include <stddef.h>
#include <stdint.h>

#if defined(TASKER_STATIC)
#define TASKER_API
#elif defined(__GNUC__)
#define TASKER_API __attribute__((visibility("default")))
#else
#define TASKER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------- versions */

/** Number of this interface; the library's soname ends in it. */
#define TASKER_ABI_VERSION 1

/**
 * The number of the interface that the loaded library speaks. A loader compares it with
 * TASKER_ABI_VERSION before its first other call.
 * @since 1 stable
 */
TASKER_API uint32_t tasker_abi_version(void);

/**
 * Version of the library, `major.minor.patch`.
 * @return static text
 * @since 1 stable
 */
TASKER_API const char* tasker_version(void);

/* ------------------------------------------------------------------------ statuses and errors */

/** Outcome of a call: TASKER_OK or a negative TASKER_ERR_ number (contract/errors.def). */
typedef int32_t tasker_status;

#define TASKER_OK 0
#define TASKER_ERR_INVALID_ARGUMENT (-1)
#define TASKER_ERR_INVALID_JSON (-2)
#define TASKER_ERR_INVALID_TEMPLATE (-3)
#define TASKER_ERR_INVALID_CONFIG (-4)
#define TASKER_ERR_INVALID_STATE (-5)
#define TASKER_ERR_TOO_LARGE (-6)
#define TASKER_ERR_NOT_FOUND (-7)
#define TASKER_ERR_ALREADY_EXISTS (-8)
#define TASKER_ERR_UNSUPPORTED (-9)
#define TASKER_ERR_UNKNOWN_EVENT (-10)
#define TASKER_ERR_FENCED (-11)
#define TASKER_ERR_CLOSED (-12)
#define TASKER_ERR_DRAINING (-13)
#define TASKER_ERR_FULL (-14)
#define TASKER_ERR_TIMED_OUT (-15)
#define TASKER_ERR_STORE_UNAVAILABLE (-16)
#define TASKER_ERR_STORE_READ_ONLY (-17)
#define TASKER_ERR_STORE_FULL (-18)
#define TASKER_ERR_STORE_CORRUPT (-19)
#define TASKER_ERR_STORE_SCHEMA_NEWER (-20)
#define TASKER_ERR_STORE_FAILED (-21)
#define TASKER_ERR_LEASE_LOST (-22)
#define TASKER_ERR_FORKED (-23)
#define TASKER_ERR_INTERNAL (-24)

/**
 * Name of a status as it stands in contract/errors.def, such as `FENCED`; `OK` for TASKER_OK,
 * `UNKNOWN` for a number that is none.
 * @return static text
 * @since 1 stable
 */
TASKER_API const char* tasker_status_name(tasker_status status);

/**
 * One-line meaning of a status.
 * @return static text
 * @since 1 stable
 */
TASKER_API const char* tasker_status_meaning(tasker_status status);

/** Why a call failed. Belongs to the caller; may be passed between threads. */
typedef struct tasker_error tasker_error;

/**
 * The status that came with the error.
 * @return TASKER_ERR_INVALID_ARGUMENT for NULL or a destroyed error
 * @since 1 stable
 */
TASKER_API tasker_status tasker_error_status(const tasker_error* error);

/**
 * One line: field, value and what was expected.
 * @return text that lives until the error is destroyed; never NULL, empty for a destroyed error
 * @since 1 stable
 */
TASKER_API const char* tasker_error_message(const tasker_error* error);

/**
 * Path of the input at fault, such as `steps[2].retry.backoff`; empty when there is none.
 * @return as tasker_error_message
 * @since 1 stable
 */
TASKER_API const char* tasker_error_field(const tasker_error* error);

/**
 * The whole error as JSON: `code`, `message`, `retryable`, and `field` and `detail` where there are
 * any. Shape: contract/schema/error.json.
 * @return as tasker_error_message
 * @since 1 stable
 */
TASKER_API const char* tasker_error_json(const tasker_error* error);

/**
 * Whether the same call may succeed later.
 * @return 1 or 0
 * @since 1 stable
 */
TASKER_API uint8_t tasker_error_retryable(const tasker_error* error);

/**
 * Releases an error.
 * @param error  NULL is allowed and does nothing
 * @return TASKER_OK; TASKER_ERR_CLOSED when it was destroyed before
 * @since 1 stable
 */
TASKER_API tasker_status tasker_error_destroy(tasker_error* error);

/* ------------------------------------------------------------------------------------ buffers */

/** Text of the library's that the caller owns: `size` bytes of UTF-8, and a NUL after them. */
typedef struct tasker_buffer {
  char* data;
  size_t size;
} tasker_buffer;

#define TASKER_BUFFER_INIT \
  { NULL, 0 }

/**
 * Releases what a buffer holds and empties it, so that a second call does nothing.
 * @param buffer  NULL is allowed; only buffers that this library has filled, or empty ones
 * @since 1 stable
 */
TASKER_API void tasker_buffer_destroy(tasker_buffer* buffer);

/* ------------------------------------------------------------------------------------ logging */

/**
 * Writes a line with the library's own logger (stderr), at the level that TASKER_LOG_LEVEL allows.
 *
 * @param level        TASKER_LOG_TRACE..TASKER_LOG_ERROR
 * @param fields_json  JSON object, or NULL; what is not a scalar is written as its JSON text
 * @return TASKER_OK; INVALID_JSON or INVALID_ARGUMENT: the line was not written
 * @since 1 stable
 */
TASKER_API tasker_status tasker_log(int32_t level, const char* message, size_t message_bytes,
                                    const char* fields_json, size_t fields_bytes,
                                    tasker_error** out_error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_COMMON_H_ */
