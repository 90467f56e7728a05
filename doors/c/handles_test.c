/* Misuse of the handle names, written in C: each gives its own code, and nothing is harmed. */
#include <sched.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include "doors/c/second_unit_test.h"
#include "doors/c/test_worker.h"

static tasker_worker* worker;

static void versions_agree_with_the_header(void) {
  CHECK(tasker_abi_version() == TASKER_ABI_VERSION);
  unsigned major = 0, minor = 0, patch = 0;
  CHECK(sscanf(tasker_version(), "%u.%u.%u", &major, &minor, &patch) == 3);
}

static void every_status_has_a_name_and_a_meaning(void) {
  CHECK(strcmp(tasker_status_name(TASKER_OK), "OK") == 0);
  CHECK(strcmp(tasker_status_name(TASKER_ERR_FENCED), "FENCED") == 0);
  CHECK(strcmp(tasker_status_name(-1000), "UNKNOWN") == 0);
  CHECK(strcmp(tasker_status_name(1), "UNKNOWN") == 0);
#define TASKER_ERROR(name, number, retryable, meaning)              \
  CHECK(TASKER_ERR_##name == -(number));                            \
  CHECK(strcmp(tasker_status_name(TASKER_ERR_##name), #name) == 0); \
  CHECK(strcmp(tasker_status_meaning(TASKER_ERR_##name), meaning) == 0);
#include "contract/errors.def"
#undef TASKER_ERROR
}

static void headers_in_two_units_agree(void) {
  CHECK(second_unit_abi_version() == TASKER_ABI_VERSION);
  CHECK(second_unit_completion_bytes() == sizeof(tasker_completion));
}

static void an_error_says_what_was_wrong_and_dies_once(void) {
  tasker_error* error = NULL;
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, tasker_worker_register_handlers(worker, "[", 1, &error));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, tasker_error_status(error));
  CHECK(strstr(tasker_error_message(error), "callables_json") != NULL);
  CHECK(strcmp(tasker_error_field(error), "callables_json") == 0);
  CHECK(strstr(tasker_error_json(error), "\"code\":\"INVALID_JSON\"") != NULL);
  CHECK(tasker_error_retryable(error) == 0);
  CHECK((uintptr_t)error < ((uintptr_t)1 << 53));
  CHECK_STATUS(TASKER_OK, tasker_error_destroy(error));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_error_destroy(error));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_error_status(error));
  CHECK(strcmp(tasker_error_message(error), "") == 0);
  CHECK(strcmp(tasker_error_field(error), "") == 0);
  CHECK(strcmp(tasker_error_json(error), "") == 0);
  CHECK_STATUS(TASKER_OK, tasker_error_destroy(NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_error_status(NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_error_destroy(made_up(0xDEADBEEF)));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_error_destroy((tasker_error*)worker));
}

static void an_error_is_written_on_failure_alone(void) {
  tasker_error* error = made_up(7);
  tasker_buffer status = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_get_status(worker, &status, &error));
  CHECK(error == made_up(7));
  CHECK(status.data[status.size] == '\0');
  CHECK(strlen(status.data) == status.size);
  tasker_buffer_destroy(&status);
  CHECK(status.data == NULL && status.size == 0);
  tasker_buffer_destroy(&status);
  tasker_buffer_destroy(NULL);
}

static void outputs_stay_as_they_were_on_failure(void) {
  tasker_buffer out = {NULL, 77};
  CHECK_STATUS(TASKER_ERR_NOT_FOUND, tasker_worker_get_task(worker, kNoEvent, 36, &out, NULL));
  CHECK(out.data == NULL && out.size == 77);
  uint64_t request = 5;
  CHECK_STATUS(TASKER_ERR_INVALID_JSON,
               tasker_worker_create_tasks_begin(worker, "x", 1, &request, NULL));
  CHECK(request == 5);
}

/* As check_all, for the functions of executors. */
static void check_executors(tasker_worker* handle, tasker_status expected) {
  tasker_buffer out = TASKER_BUFFER_INIT;
  size_t size = 0;
  char text[64];
  CHECK_STATUS(expected, tasker_worker_poll_executor_step_events(handle, TASKER_EXECUTOR_THREADS, 1,
                                                                 0, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_poll_executor_step_events_into(
                             handle, TASKER_EXECUTOR_THREADS, 1, text, sizeof text, &size, NULL));
  CHECK_STATUS(expected, tasker_worker_set_executor_room(handle, TASKER_EXECUTOR_THREADS, 1, NULL));
  CHECK_STATUS(expected, tasker_worker_hand_back(handle, "[]", 2, NULL, NULL));
  CHECK_STATUS(expected, tasker_worker_get_attach_token(handle, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_end_attachment(handle, 1, &out, NULL));
  CHECK(out.data == NULL);
}

/* Calls every function that takes a worker; all have to give the same status. */
static void check_all(tasker_worker* handle, tasker_status expected) {
  tasker_buffer out = TASKER_BUFFER_INIT;
  uint64_t request = 0;
  int32_t fd = 0;
  size_t size = 0;
  char text[64];
  tasker_completion completion = {kNoEvent, 36, TEXT(kResult)};
  CHECK_STATUS(expected, tasker_worker_register_handlers(handle, "[]", 2, NULL));
  CHECK_STATUS(expected, tasker_worker_register_all_handlers(handle, NULL));
  CHECK_STATUS(expected, tasker_worker_start(handle, NULL));
  CHECK_STATUS(expected, tasker_worker_poll_step_events(handle, 1, 0, &out, NULL));
  CHECK_STATUS(expected,
               tasker_worker_poll_step_events_into(handle, 1, text, sizeof text, &size, NULL));
  CHECK_STATUS(expected, complete(handle, kNoEvent, kResult));
  CHECK_STATUS(expected, tasker_worker_complete_step_events(handle, &completion, 1, NULL, NULL));
  CHECK_STATUS(expected, tasker_worker_complete_step_events_json(handle, "[]", 2, &out, NULL));
  CHECK_STATUS(expected,
               tasker_worker_checkpoint_step_event(handle, kNoEvent, 36, "{}", 2, NULL, NULL));
  CHECK_STATUS(expected, tasker_worker_checkpoint_step_event_begin(handle, kNoEvent, 36, "{}", 2,
                                                                   &request, NULL));
  CHECK_STATUS(expected, tasker_worker_create_tasks(handle, "[]", 2, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_create_tasks_begin(handle, "[]", 2, &request, NULL));
  CHECK_STATUS(expected, tasker_worker_wait_task(handle, kNoEvent, 36, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_wait_task_begin(handle, kNoEvent, 36, 1, &request, NULL));
  CHECK_STATUS(expected, tasker_worker_poll_replies(handle, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_get_task(handle, kNoEvent, 36, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_list_tasks(handle, NULL, 0, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_list_task_steps(handle, kNoEvent, 36, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_get_step(handle, kNoEvent, 36, kNoEvent, 36, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_get_step_audit_history(handle, kNoEvent, 36, kNoEvent, 36,
                                                              &out, NULL));
  CHECK_STATUS(expected, tasker_worker_cancel_task(handle, kNoEvent, 36, NULL));
  CHECK_STATUS(expected, tasker_worker_retry_task(handle, kNoEvent, 36, NULL, NULL));
  CHECK_STATUS(expected, tasker_worker_put_template(handle, TEXT(kTemplate), &out, NULL));
  CHECK_STATUS(expected, tasker_worker_list_templates(handle, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_set_wakeup(handle, NULL, NULL, NULL, NULL));
  CHECK_STATUS(expected, tasker_worker_event_fd(handle, &fd, NULL));
  CHECK_STATUS(expected, tasker_worker_wait(handle, 0, NULL));
  CHECK_STATUS(expected, tasker_worker_poll_notices(handle, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_keep_domain_events(handle, NULL));
  CHECK_STATUS(expected, tasker_worker_poll_domain_events(handle, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_subscribe_domain_events(handle, TEXT("{}"), NULL));
  CHECK_STATUS(expected, tasker_worker_unsubscribe_domain_events(handle, TEXT("s"), NULL));
  CHECK_STATUS(expected, tasker_worker_remove_subscriber(handle, TEXT("s"), NULL));
  CHECK_STATUS(expected, tasker_worker_poll_deliveries(handle, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_acknowledge_delivery(handle, kNoEvent, 36, NULL));
  CHECK_STATUS(expected, tasker_worker_fail_delivery(handle, kNoEvent, 36, TEXT("{}"), NULL));
  CHECK_STATUS(expected, tasker_bus_open(handle, &request, NULL));
  CHECK_STATUS(expected, tasker_bus_close(handle, 1, NULL));
  CHECK_STATUS(expected, tasker_bus_register_event(handle, 1, "a", 1, NULL, 0, NULL));
  CHECK_STATUS(expected, tasker_bus_list_events(handle, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_bus_publish(handle, 1, "a", 1, "{}", 2, NULL));
  CHECK_STATUS(expected, tasker_bus_publish_begin(handle, 1, "a", 1, "{}", 2, 1, &request, NULL));
  CHECK_STATUS(expected, tasker_bus_subscribe(handle, 1, "*", 1, NULL, 0, &request, NULL));
  CHECK_STATUS(expected, tasker_bus_unsubscribe(handle, 1, 1, NULL));
  CHECK_STATUS(expected, tasker_bus_get_subscription(handle, 1, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_bus_poll(handle, 1, 1, 0, &out, NULL));
  CHECK_STATUS(expected, tasker_bus_wait(handle, 1, 0, NULL));
  CHECK_STATUS(expected, tasker_bus_set_wakeup(handle, 1, NULL, NULL, NULL, NULL));
  check_executors(handle, expected);
  CHECK_STATUS(expected, tasker_worker_get_status(handle, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_get_metrics(handle, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_get_dispatch_metrics(handle, &out, NULL));
  CHECK_STATUS(expected, tasker_worker_check_starvation_warnings(handle, NULL));
  CHECK_STATUS(expected, tasker_worker_drain(handle, 0, NULL, NULL));
  CHECK_STATUS(expected, tasker_worker_drain_begin(handle, 0, &request, NULL));
  CHECK_STATUS(expected, tasker_worker_stop_begin(handle, &request, NULL));
  if (handle) CHECK_STATUS(expected, tasker_worker_close(handle, NULL));
  CHECK(out.data == NULL);
}

static void null_is_no_worker(void) {
  check_all(NULL, TASKER_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(TASKER_OK, tasker_worker_close(NULL, NULL));
}

static void a_made_up_handle_is_no_worker(void) {
  check_all(made_up(8), TASKER_ERR_INVALID_ARGUMENT);
  check_all((tasker_worker*)&folder, TASKER_ERR_INVALID_ARGUMENT);
  check_all(made_up(UINTPTR_MAX), TASKER_ERR_INVALID_ARGUMENT);
  tasker_error* error = NULL;
  (void)tasker_worker_start(NULL, &error);
  check_all((tasker_worker*)error, TASKER_ERR_INVALID_ARGUMENT);
  (void)tasker_error_destroy(error);
}

static void a_closed_worker_is_closed(void) {
  tasker_worker* closed = open_worker("closed.db");
  CHECK((uintptr_t)closed < ((uintptr_t)1 << 53));
  CHECK_STATUS(TASKER_OK, tasker_worker_close(closed, NULL));
  check_all(closed, TASKER_ERR_CLOSED);
  tasker_worker* next = open_worker("closed.db");
  CHECK(next != closed);
  check_all(closed, TASKER_ERR_CLOSED);
  CHECK_STATUS(TASKER_OK, tasker_worker_close(next, NULL));
}

static void null_arguments_are_named(void) {
  tasker_error* error = NULL;
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_poll_step_events(worker, 1, 0, NULL, &error));
  CHECK(strcmp(tasker_error_field(error), "out_events") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_register_handlers(worker, NULL, 3, &error));
  CHECK(strcmp(tasker_error_field(error), "callables_json") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_complete_step_event(worker, NULL, 0, TEXT(kResult), &error));
  CHECK(strcmp(tasker_error_field(error), "event_id") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_complete_step_event(worker, kNoEvent, 36, NULL, 0, &error));
  CHECK(strcmp(tasker_error_field(error), "result_json") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_open(NULL, 4, NULL, &worker, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_open(NULL, 0, NULL, NULL, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_complete_step_events(worker, NULL, 1, NULL, NULL));
  CHECK_STATUS(TASKER_OK, tasker_worker_complete_step_events(worker, NULL, 0, NULL, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_check_template(NULL, 0, NULL, NULL));
}

static void numbers_out_of_their_range_are_refused(void) {
  tasker_buffer out = TASKER_BUFFER_INIT;
  size_t size = 0;
  char text[8];
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_poll_step_events(worker, 0, 0, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_poll_step_events(worker, 4097, 0, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_poll_step_events(worker, 1, 60001, &out, NULL));
  CHECK_STATUS(TASKER_OK, tasker_worker_poll_step_events(worker, 4096, 0, &out, NULL));
  tasker_buffer_destroy(&out);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_poll_step_events_into(worker, 1, text, 1, &size, NULL));
  CHECK_STATUS(TASKER_OK, tasker_worker_poll_step_events_into(worker, 1, text, 2, &size, NULL));
  CHECK(size == 2 && memcmp(text, "[]", 2) == 0);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_wait(worker, 60001, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_drain(worker, 3600001, NULL, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_wait_task(worker, kNoEvent, 36, 2147483648U, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_log(5, "m", 1, NULL, 0, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_log(-1, "m", 1, NULL, 0, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_get_task(worker, "x", 1, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_get_task(worker, kNoEvent, 35, &out, NULL));
  tasker_worker_options options = TASKER_WORKER_OPTIONS_INIT;
  tasker_worker* opened = NULL;
  options.struct_size = 4;
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_open(NULL, 0, &options, &opened, NULL));
  options.struct_size = sizeof options;
  options.reserved = 1;
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_open(NULL, 0, &options, &opened, NULL));
}

static void json_that_is_wrong_has_its_code_and_the_event_stays(void) {
  char event[37];
  next_event(worker, event);
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, complete(worker, event, ""));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, complete(worker, event, "{\"success\":tru"));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, complete(worker, event, "{\"success\":true}x"));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, complete(worker, event, "{\"success\":\"\xff\"}"));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, complete(worker, event, "[]"));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, complete(worker, event, "{\"success\":1}"));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON,
               complete(worker, event, "{\"success\":true,\"success\":true}"));
  static char deep[2100];
  memset(deep, '[', 1000);
  memset(deep + 1000, ']', 1000);
  CHECK_STATUS(TASKER_ERR_TOO_LARGE, complete(worker, event, deep));
  const size_t large = (16U << 20) + 32;
  char* text = malloc(large + 1);
  memset(text, ' ', large);
  memcpy(text, kResult, sizeof kResult - 1);
  text[large] = '\0';
  CHECK_STATUS(TASKER_ERR_TOO_LARGE, complete(worker, event, text));
  free(text);
  CHECK_STATUS(TASKER_OK, complete(worker, event, kResult));
}

static void an_event_is_completed_once(void) {
  char event[37];
  next_event(worker, event);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, complete(worker, "no uuid", kResult));
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, complete(worker, kNoEvent, kResult));
  CHECK_STATUS(TASKER_OK, complete(worker, event, kResult));
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, complete(worker, event, kResult));
}

static void each_completion_of_several_has_its_own_outcome(void) {
  char first[37], second[37];
  next_event(worker, first);
  next_event(worker, second);
  const tasker_completion completions[] = {
      {first, 36, TEXT(kResult)}, {kNoEvent, 36, TEXT(kResult)}, {second, 36, "{", 1}};
  tasker_status statuses[3] = {1, 1, 1};
  tasker_error* error = NULL;
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT,
               tasker_worker_complete_step_events(worker, completions, 3, statuses, &error));
  CHECK(strcmp(tasker_error_field(error), "completions[1]") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_OK, statuses[0]);
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, statuses[1]);
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, statuses[2]);

  char json[256];
  const int bytes = snprintf(json, sizeof json,
                             "[{\"event_id\":\"%s\",\"result\":%s},{\"event_id\":\"%s\","
                             "\"result\":%s}]",
                             first, kResult, second, kResult);
  tasker_buffer refusals = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_complete_step_events_json(worker, json, (size_t)bytes,
                                                                  &refusals, NULL));
  CHECK(refusals.data && strstr(refusals.data, "\"index\":0") &&
        strstr(refusals.data, "UNKNOWN_EVENT") && !strstr(refusals.data, "\"index\":1"));
  tasker_buffer_destroy(&refusals);

  char third[37];
  next_event(worker, third);
  const int mixed = snprintf(
      json, sizeof json, "[{\"event_id\":5,\"x\":[1,{}]},7,{\"result\":%s,\"event_id\":\"%s\"}]",
      kResult, third);
  CHECK_STATUS(TASKER_OK, tasker_worker_complete_step_events_json(worker, json, (size_t)mixed,
                                                                  &refusals, NULL));
  CHECK(refusals.data && strstr(refusals.data, "\"index\":0") &&
        strstr(refusals.data, "\"index\":1") && !strstr(refusals.data, "\"index\":2"));
  tasker_buffer_destroy(&refusals);
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, complete(worker, third, kResult));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON,
               tasker_worker_complete_step_events_json(worker, "[{", 2, &refusals, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_complete_step_events_json(worker, "{}", 2, &refusals, NULL));
}

static void an_event_that_does_not_fit_stays(void) {
  create_task(worker);
  char small[16];
  size_t size = 0;
  tasker_status status = TASKER_OK;
  for (int tries = 0; status == TASKER_OK && tries < 10000; ++tries) {
    CHECK(tasker_worker_wait(worker, 10000, NULL) == TASKER_OK);
    status = tasker_worker_poll_step_events_into(worker, 4, small, sizeof small, &size, NULL);
  }
  CHECK_STATUS(TASKER_ERR_TOO_LARGE, status);
  CHECK(size > sizeof small);
  char* large = malloc(size);
  const size_t capacity = size;
  CHECK_STATUS(TASKER_ERR_TOO_LARGE,
               tasker_worker_poll_step_events_into(worker, 4, large, capacity - 1, &size, NULL));
  CHECK(size == capacity);
  CHECK_STATUS(TASKER_OK,
               tasker_worker_poll_step_events_into(worker, 4, large, capacity, &size, NULL));
  CHECK(size == capacity && large[0] == '[' && large[size - 1] == ']');
  char event[37] = "";
  for (size_t i = 0; i + 48 < size; ++i)
    if (memcmp(large + i, "\"event_id\":\"", 12) == 0) memcpy(event, large + i + 12, 36);
  CHECK_STATUS(TASKER_OK, complete(worker, event, kResult));
  free(large);
}

static void a_start_fits_once(void) {
  CHECK_STATUS(TASKER_ERR_INVALID_STATE, tasker_worker_start(worker, NULL));
}

static void a_drained_worker_hands_out_nothing_and_then_is_closed(void) {
  tasker_worker* drained = open_worker("drained.db");
  start(drained);
  char event[37];
  next_event(drained, event);
  uint32_t handed_back = 9;
  CHECK_STATUS(TASKER_OK, tasker_worker_drain(drained, 0, &handed_back, NULL));
  CHECK(handed_back == 1);
  tasker_buffer out = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_ERR_DRAINING, tasker_worker_poll_step_events(drained, 1, 0, &out, NULL));
  CHECK_STATUS(TASKER_ERR_DRAINING, tasker_worker_poll_step_events(drained, 1, 60000, &out, NULL));
  CHECK_STATUS(TASKER_ERR_FENCED, complete(drained, event, kResult));
  uint64_t request = 0;
  CHECK_STATUS(TASKER_OK, tasker_worker_stop_begin(drained, &request, NULL));
  while (!out.data) {
    (void)tasker_worker_wait(drained, 10000, NULL);
    CHECK_STATUS(TASKER_OK, tasker_worker_poll_replies(drained, 4, &out, NULL));
  }
  CHECK(strstr(out.data, "\"result\":null") != NULL);
  tasker_buffer_destroy(&out);
  CHECK_STATUS(TASKER_ERR_CLOSED, complete(drained, event, kResult));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_worker_poll_step_events(drained, 1, 0, &out, NULL));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_worker_drain(drained, 0, NULL, NULL));
  CHECK_STATUS(TASKER_OK, tasker_worker_close(drained, NULL));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_worker_close(drained, NULL));
}

static void configuration_and_templates_are_checked(void) {
  tasker_worker* opened = NULL;
  tasker_error* error = NULL;
  CHECK_STATUS(TASKER_ERR_INVALID_CONFIG,
               tasker_worker_open(TEXT("{\"lease_ttl_ms\":1}"), NULL, &opened, &error));
  CHECK(strcmp(tasker_error_field(error), "lease_ttl_ms") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(
      TASKER_ERR_UNSUPPORTED,
      tasker_worker_open(TEXT("{\"database_url\":\"postgres://x\"}"), NULL, &opened, NULL));
  CHECK(opened == NULL);
  tasker_buffer out = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_ERR_INVALID_TEMPLATE,
               tasker_worker_put_template(worker, TEXT("name: 1"), &out, NULL));
  CHECK_STATUS(TASKER_OK, tasker_check_template(TEXT("name: 1"), &out, NULL));
  CHECK(out.data && strstr(out.data, "\"ok\":false") != NULL);
  tasker_buffer_destroy(&out);
}

static int finalized;
static void count_finalizer(void* user_data) { ++*(int*)user_data; }
static void ignore_wakeup(void* user_data) { (void)user_data; }
static void ignore_log(void* user_data, const tasker_log_record* record) {
  (void)user_data;
  (void)record;
}

static void a_finalizer_runs_once_whatever_becomes_of_the_call(void) {
  finalized = 0;
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_set_wakeup(NULL, ignore_wakeup, &finalized, count_finalizer, NULL));
  CHECK(finalized == 1);
  CHECK_STATUS(TASKER_OK,
               tasker_worker_set_wakeup(worker, ignore_wakeup, &finalized, count_finalizer, NULL));
  CHECK(finalized == 1);
  CHECK_STATUS(TASKER_OK,
               tasker_worker_set_wakeup(worker, ignore_wakeup, &finalized, count_finalizer, NULL));
  CHECK(finalized == 2);
  CHECK_STATUS(TASKER_OK, tasker_worker_set_wakeup(worker, NULL, NULL, NULL, NULL));
  CHECK(finalized == 3);

  tasker_worker_options options = TASKER_WORKER_OPTIONS_INIT;
  options.on_log = ignore_log;
  options.log_user_data = &finalized;
  options.log_finalizer = count_finalizer;
  tasker_worker* opened = NULL;
  CHECK_STATUS(TASKER_ERR_INVALID_CONFIG,
               tasker_worker_open(TEXT("{\"x\":1}"), &options, &opened, NULL));
  CHECK(finalized == 4);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_open(NULL, 3, &options, &opened, NULL));
  CHECK(finalized == 5);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_open(NULL, 0, &options, NULL, NULL));
  CHECK(finalized == 6);
}

static tasker_worker* logged;
static atomic_int refused_inside;
static atomic_int lines;

static void misuse_inside_log(void* user_data, const tasker_log_record* record) {
  (void)user_data;
  CHECK(record->struct_size == sizeof *record);
  CHECK(record->level >= TASKER_LOG_TRACE && record->level <= TASKER_LOG_ERROR);
  CHECK(record->fields[0] == '{');
  atomic_fetch_add(&lines, 1);
  if (!logged) return;
  tasker_buffer out = TASKER_BUFFER_INIT;
  if (tasker_worker_get_status(logged, &out, NULL) == TASKER_ERR_INVALID_STATE &&
      tasker_worker_close(logged, NULL) == TASKER_ERR_INVALID_STATE)
    atomic_fetch_add(&refused_inside, 1);
}

static void a_log_callback_may_not_use_its_worker(void) {
  char config[256];
  const int bytes = snprintf(config, sizeof config, "{\"store_path\":\"%s/logged.db\"}", folder);
  tasker_worker_options options = TASKER_WORKER_OPTIONS_INIT;
  finalized = 0;
  options.on_log = misuse_inside_log;
  options.log_user_data = &finalized;
  options.log_finalizer = count_finalizer;
  tasker_worker* opened = NULL;
  CHECK_STATUS(TASKER_OK, tasker_worker_open(config, (size_t)bytes, &options, &opened, NULL));
  logged = opened;
  CHECK_STATUS(TASKER_OK, tasker_worker_start(opened, NULL));
  CHECK(atomic_load(&lines) > 0);
  CHECK(atomic_load(&refused_inside) > 0);
  CHECK(finalized == 0);
  CHECK_STATUS(TASKER_OK, tasker_worker_close(opened, NULL));
  CHECK(finalized == 1);
}

static atomic_int refused_in_wakeup;

static void misuse_inside_wakeup(void* user_data) {
  tasker_worker* told = user_data;
  if (tasker_worker_close(told, NULL) == TASKER_ERR_INVALID_STATE &&
      tasker_worker_set_wakeup(told, NULL, NULL, NULL, NULL) == TASKER_ERR_INVALID_STATE)
    atomic_store(&refused_in_wakeup, 1);
}

static void a_wakeup_may_not_close_or_replace(void) {
  CHECK_STATUS(TASKER_OK,
               tasker_worker_set_wakeup(worker, misuse_inside_wakeup, worker, NULL, NULL));
  create_task(worker);
  /* Nothing is polled until the callback was called: a poll would answer it first. */
  const time_t give_up = time(NULL) + 30;
  while (!atomic_load(&refused_in_wakeup) && time(NULL) < give_up) sched_yield();
  char event[37];
  next_event(worker, event);
  CHECK_STATUS(TASKER_OK, complete(worker, event, kResult));
  next_event(worker, event);
  CHECK_STATUS(TASKER_OK, complete(worker, event, kResult));
  CHECK_STATUS(TASKER_OK, tasker_worker_set_wakeup(worker, NULL, NULL, NULL, NULL));
  CHECK(atomic_load(&refused_in_wakeup) == 1);
}

static void logging_takes_any_scalar(void) {
  CHECK_STATUS(TASKER_OK, tasker_log(TASKER_LOG_TRACE, "m", 1, TEXT("{\"a\":1,\"b\":null}"), NULL));
  CHECK_STATUS(TASKER_OK, tasker_log(TASKER_LOG_TRACE, "m", 1, NULL, 0, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, tasker_log(TASKER_LOG_TRACE, "m", 1, "{", 1, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_log(TASKER_LOG_TRACE, "\xff", 1, NULL, 0, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_log(TASKER_LOG_TRACE, NULL, 0, NULL, 0, NULL));
}

int main(void) {
  snprintf(folder, sizeof folder, "/tmp/tasker-c-XXXXXX");
  if (!mkdtemp(folder)) return 2;
  worker = open_worker("store.db");
  start(worker);
  RUN(versions_agree_with_the_header);
  RUN(every_status_has_a_name_and_a_meaning);
  RUN(headers_in_two_units_agree);
  RUN(an_error_says_what_was_wrong_and_dies_once);
  RUN(an_error_is_written_on_failure_alone);
  RUN(outputs_stay_as_they_were_on_failure);
  RUN(null_is_no_worker);
  RUN(a_made_up_handle_is_no_worker);
  RUN(a_closed_worker_is_closed);
  RUN(null_arguments_are_named);
  RUN(numbers_out_of_their_range_are_refused);
  RUN(json_that_is_wrong_has_its_code_and_the_event_stays);
  RUN(an_event_is_completed_once);
  RUN(each_completion_of_several_has_its_own_outcome);
  RUN(an_event_that_does_not_fit_stays);
  RUN(a_start_fits_once);
  RUN(a_drained_worker_hands_out_nothing_and_then_is_closed);
  RUN(configuration_and_templates_are_checked);
  RUN(a_finalizer_runs_once_whatever_becomes_of_the_call);
  RUN(a_log_callback_may_not_use_its_worker);
  RUN(a_wakeup_may_not_close_or_replace);
  RUN(logging_takes_any_scalar);
  CHECK_STATUS(TASKER_OK, tasker_worker_close(worker, NULL));
  remove_folder(folder);
  return finish();
}
