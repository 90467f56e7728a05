/* Executors and attachments, written in C: each misuse has its own code, and nothing is harmed. */
#include <poll.h>
#include <pthread.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include "doors/c/second_unit_test.h"
#include "doors/c/test_worker.h"

static tasker_worker* worker;
static char token[64];
static size_t token_bytes;

static tasker_status attach(int32_t executor, const char* name, tasker_attachment** out) {
  return tasker_attachment_attach(token, token_bytes, executor, name, strlen(name), out, NULL);
}

static tasker_attachment* attached(const char* name) {
  tasker_attachment* made = NULL;
  CHECK_STATUS(TASKER_OK, attach(TASKER_EXECUTOR_THREADS, name, &made));
  return made;
}

static void read_token(tasker_worker* of) {
  tasker_buffer text = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_get_attach_token(of, &text, NULL));
  token_bytes = text.size;
  CHECK(token_bytes == 36);
  memcpy(token, text.data, token_bytes);
  tasker_buffer_destroy(&text);
}

/* Takes the step of a new task; its id. */
static void take(tasker_attachment* by, char* event_id) {
  create_task(worker);
  tasker_buffer events = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_attachment_poll_step_events(by, 1, 10000, &events, NULL));
  read_event_id(&events, event_id);
  tasker_buffer_destroy(&events);
}

static tasker_status settle(tasker_attachment* by, const char* event_id) {
  return tasker_attachment_complete_step_event(by, event_id, strlen(event_id), TEXT(kResult), NULL);
}

/* Calls every function that takes an attachment; all have to give the same status. */
static void check_all(tasker_attachment* handle, tasker_status expected) {
  tasker_buffer out = TASKER_BUFFER_INIT;
  uint64_t request = 0;
  uint32_t id = 0;
  int32_t fd = 0;
  size_t size = 0;
  char text[64];
  tasker_completion completion = {kNoEvent, 36, TEXT(kResult)};
  CHECK_STATUS(expected, tasker_attachment_get_id(handle, &id, NULL));
  CHECK_STATUS(expected, tasker_attachment_poll_step_events(handle, 1, 0, &out, NULL));
  CHECK_STATUS(expected,
               tasker_attachment_poll_step_events_into(handle, 1, text, sizeof text, &size, NULL));
  CHECK_STATUS(expected, settle(handle, kNoEvent));
  CHECK_STATUS(expected,
               tasker_attachment_complete_step_events(handle, &completion, 1, NULL, NULL));
  CHECK_STATUS(expected, tasker_attachment_complete_step_events_json(handle, "[]", 2, &out, NULL));
  CHECK_STATUS(expected,
               tasker_attachment_checkpoint_step_event(handle, kNoEvent, 36, "{}", 2, NULL, NULL));
  CHECK_STATUS(expected, tasker_attachment_checkpoint_step_event_begin(handle, kNoEvent, 36, "{}",
                                                                       2, &request, NULL));
  CHECK_STATUS(expected, tasker_attachment_poll_replies(handle, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_attachment_hand_back(handle, "[]", 2, NULL, NULL));
  CHECK_STATUS(expected, tasker_attachment_poll_notices(handle, 1, &out, NULL));
  CHECK_STATUS(expected, tasker_attachment_set_wakeup(handle, NULL, NULL, NULL, NULL));
  CHECK_STATUS(expected, tasker_attachment_event_fd(handle, &fd, NULL));
  CHECK_STATUS(expected, tasker_attachment_wait(handle, 0, NULL));
  if (handle) CHECK_STATUS(expected, tasker_attachment_detach(handle, NULL));
  CHECK(out.data == NULL);
}

static void handlers_say_where_they_run_and_wrong_ones_are_named(void) {
  static const struct {
    const char* json;
    tasker_status status;
    const char* field;
  } cases[] = {
      {"[\"a\",{\"name\":\"test.Work\",\"executor\":\"threads\",\"max_concurrent\":100000,"
       "\"deadline_ms\":86400000},{\"name\":\"b\",\"executor\":null}]",
       TASKER_OK, ""},
      {"{}", TASKER_ERR_INVALID_ARGUMENT, "callables_json"},
      {"[{}", TASKER_ERR_INVALID_JSON, "callables_json"},
      {"[\"a\",1]", TASKER_ERR_INVALID_ARGUMENT, "callables[1]"},
      {"[\"\"]", TASKER_ERR_INVALID_ARGUMENT, "callables[0]"},
      {"[{}]", TASKER_ERR_INVALID_ARGUMENT, "callables[0].name"},
      {"[{\"name\":\"\"}]", TASKER_ERR_INVALID_ARGUMENT, "callables[0].name"},
      {"[{\"name\":\"a\",\"executor\":\"thread\"}]", TASKER_ERR_INVALID_ARGUMENT,
       "callables[0].executor"},
      {"[{\"name\":\"a\",\"executor\":1}]", TASKER_ERR_INVALID_ARGUMENT, "callables[0].executor"},
      {"[{\"name\":\"a\",\"max_concurrent\":0}]", TASKER_ERR_INVALID_ARGUMENT,
       "callables[0].max_concurrent"},
      {"[{\"name\":\"a\",\"max_concurrent\":100001}]", TASKER_ERR_INVALID_ARGUMENT,
       "callables[0].max_concurrent"},
      {"[{\"name\":\"a\",\"deadline_ms\":86400001}]", TASKER_ERR_INVALID_ARGUMENT,
       "callables[0].deadline_ms"},
      {"[{\"name\":\"a\",\"place\":1}]", TASKER_ERR_INVALID_ARGUMENT, "callables[0].place"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    tasker_error* error = NULL;
    const tasker_status status =
        tasker_worker_register_handlers(worker, cases[i].json, strlen(cases[i].json), &error);
    check_status(cases[i].status, status, cases[i].json, __LINE__);
    check(strcmp(tasker_error_field(error), cases[i].field) == 0, cases[i].json, __FILE__,
          __LINE__);
    (void)tasker_error_destroy(error);
  }
}

static void rooms_and_executors_have_their_ranges(void) {
  tasker_buffer out = TASKER_BUFFER_INIT;
  tasker_error* error = NULL;
  CHECK_STATUS(TASKER_OK,
               tasker_worker_set_executor_room(worker, TASKER_EXECUTOR_PROCESS, 100000, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_set_executor_room(worker, TASKER_EXECUTOR_PROCESS, 100001, &error));
  CHECK(strcmp(tasker_error_field(error), "places") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_set_executor_room(worker, 3, 1, &error));
  CHECK(strcmp(tasker_error_field(error), "executor") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_worker_poll_executor_step_events(worker, -1, 1, 0, &out, NULL));
  CHECK(out.data == NULL);
}

static void an_attach_says_what_is_wrong(void) {
  char long_name[257];
  memset(long_name, 'n', 256);
  long_name[256] = '\0';
  tasker_attachment* made = NULL;
  tasker_error* error = NULL;
  CHECK_STATUS(TASKER_ERR_NOT_FOUND, tasker_attachment_attach(TEXT("none"), TASKER_EXECUTOR_THREADS,
                                                              TEXT("a"), &made, &error));
  CHECK(strcmp(tasker_error_field(error), "token") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_attachment_attach(NULL, 0, TASKER_EXECUTOR_THREADS, TEXT("a"), &made, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, attach(7, "a", &made));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, attach(TASKER_EXECUTOR_THREADS, "", &made));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, attach(TASKER_EXECUTOR_THREADS, long_name, &made));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, attach(TASKER_EXECUTOR_THREADS, "\xff", &made));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, attach(TASKER_EXECUTOR_THREADS, "a", NULL));
  CHECK(made == NULL);
  long_name[255] = '\0';
  CHECK_STATUS(TASKER_OK, attach(TASKER_EXECUTOR_THREADS, long_name, &made));
  CHECK((uintptr_t)made < ((uintptr_t)1 << 53));
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(made, NULL));
}

static void what_is_no_attachment_is_refused(void) {
  check_all(NULL, TASKER_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(NULL, NULL));
  check_all(made_up(8), TASKER_ERR_INVALID_ARGUMENT);
  check_all(made_up(UINTPTR_MAX), TASKER_ERR_INVALID_ARGUMENT);
  check_all((tasker_attachment*)worker, TASKER_ERR_INVALID_ARGUMENT);
  tasker_attachment* real = attached("real");
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_worker_start((tasker_worker*)real, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_error_destroy((tasker_error*)real));
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(real, NULL));
}

static void* check_closed(void* handle) {
  check_all((tasker_attachment*)handle, TASKER_ERR_CLOSED);
  return NULL;
}

static void a_detached_one_is_closed_from_every_thread(void) {
  tasker_attachment* gone = attached("gone");
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(gone, NULL));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_attachment_detach(gone, NULL));
  (void)check_closed(gone);
  pthread_t other;
  CHECK(pthread_create(&other, NULL, check_closed, gone) == 0);
  CHECK(pthread_join(other, NULL) == 0);
}

static void arguments_have_their_ranges(void) {
  tasker_attachment* one = attached("one");
  tasker_buffer out = TASKER_BUFFER_INIT;
  char text[8];
  size_t size = 0;
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_attachment_get_id(one, NULL, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_attachment_poll_step_events(one, 0, 0, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_attachment_poll_step_events(one, 4097, 0, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_attachment_poll_step_events(one, 1, 60001, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_attachment_poll_step_events(one, 1, 0, NULL, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_attachment_poll_step_events_into(one, 1, text, 1, &size, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_attachment_poll_notices(one, 0, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_attachment_poll_replies(one, 4097, &out, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_attachment_wait(one, 60001, NULL));
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT, tasker_attachment_event_fd(one, NULL, NULL));
  tasker_error* error = NULL;
  CHECK_STATUS(TASKER_ERR_INVALID_ARGUMENT,
               tasker_attachment_hand_back(one, TEXT("[\"x\"]"), NULL, &error));
  CHECK(strcmp(tasker_error_field(error), "event_ids[0]") == 0);
  (void)tasker_error_destroy(error);
  CHECK_STATUS(TASKER_ERR_INVALID_JSON, tasker_attachment_hand_back(one, "[", 1, NULL, NULL));
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(one, NULL));
}

static void a_step_is_settled_by_who_took_it(void) {
  tasker_attachment* one = attached("one");
  tasker_attachment* two = attached("two");
  char event_id[37];
  take(one, event_id);
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, settle(two, event_id));
  uint32_t handed_back = 7;
  char ids[64];
  const int bytes = snprintf(ids, sizeof ids, "[\"%s\"]", event_id);
  CHECK_STATUS(TASKER_OK, tasker_attachment_hand_back(two, ids, (size_t)bytes, &handed_back, NULL));
  CHECK(handed_back == 0);
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, settle(one, kNoEvent));
  CHECK_STATUS(TASKER_OK, settle(one, event_id));
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, settle(one, event_id));
  take(two, event_id);
  snprintf(ids, sizeof ids, "[\"%s\"]", event_id);
  CHECK_STATUS(TASKER_OK, tasker_attachment_hand_back(two, ids, (size_t)bytes, &handed_back, NULL));
  CHECK(handed_back == 1);
  tasker_buffer events = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_attachment_poll_step_events(one, 1, 10000, &events, NULL));
  read_event_id(&events, event_id);
  tasker_buffer_destroy(&events);
  CHECK_STATUS(TASKER_OK, complete(worker, event_id, kResult)); /* the owner may settle any */
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(one, NULL));
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(two, NULL));
}

static void what_an_ended_attachment_held_is_the_owners(void) {
  tasker_attachment* dying = attached("dying");
  uint32_t id = 0;
  char event_id[37];
  char expected[64];
  CHECK_STATUS(TASKER_OK, tasker_attachment_get_id(dying, &id, NULL));
  CHECK(id > 0);
  take(dying, event_id);
  snprintf(expected, sizeof expected, "[\"%s\"]", event_id);
  tasker_buffer held = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_end_attachment(worker, id, &held, NULL));
  CHECK(strcmp(held.data, expected) == 0);
  tasker_buffer_destroy(&held);
  CHECK_STATUS(TASKER_ERR_CLOSED, settle(dying, event_id));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_attachment_wait(dying, 0, NULL));
  check_all(dying, TASKER_ERR_CLOSED);
  CHECK_STATUS(TASKER_OK, tasker_worker_end_attachment(worker, id, &held, NULL));
  CHECK(strcmp(held.data, "[]") == 0);
  tasker_buffer_destroy(&held);
  CHECK_STATUS(TASKER_OK, complete(worker, event_id, kResult));
}

static void a_detach_with_a_step_is_told_to_the_owner(void) {
  tasker_attachment* leaving = attached("leaving");
  uint32_t id = 0;
  char event_id[37];
  char expected[128];
  CHECK_STATUS(TASKER_OK, tasker_attachment_get_id(leaving, &id, NULL));
  take(leaving, event_id);
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(leaving, NULL));
  tasker_buffer text = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_poll_notices(worker, 16, &text, NULL));
  snprintf(expected, sizeof expected, "[{\"kind\":\"detached\",\"attachment\":%u,\"held\":1}]", id);
  CHECK(text.data && strcmp(text.data, expected) == 0);
  tasker_buffer_destroy(&text);
  CHECK_STATUS(TASKER_OK, tasker_worker_end_attachment(worker, id, &text, NULL));
  tasker_buffer_destroy(&text);
  CHECK_STATUS(TASKER_OK, complete(worker, event_id, kResult));
}

static void several_are_completed_each_with_its_own_outcome(void) {
  tasker_attachment* one = attached("one");
  char event_id[37];
  take(one, event_id);
  tasker_completion both[] = {{kNoEvent, 36, TEXT(kResult)}, {event_id, 36, TEXT(kResult)}};
  tasker_status statuses[2] = {7, 7};
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT,
               tasker_attachment_complete_step_events(one, both, 2, statuses, NULL));
  CHECK_STATUS(TASKER_ERR_UNKNOWN_EVENT, statuses[0]);
  CHECK_STATUS(TASKER_OK, statuses[1]);
  take(one, event_id);
  char json[256];
  const int bytes =
      snprintf(json, sizeof json, "[{\"event_id\":\"%s\",\"result\":%s}]", event_id, kResult);
  tasker_buffer refusals = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_attachment_complete_step_events_json(one, json, (size_t)bytes,
                                                                      &refusals, NULL));
  CHECK(refusals.data == NULL);
  CHECK_STATUS(TASKER_OK, tasker_attachment_complete_step_events_json(one, json, (size_t)bytes,
                                                                      &refusals, NULL));
  CHECK(refusals.data && strstr(refusals.data, "UNKNOWN_EVENT") != NULL);
  tasker_buffer_destroy(&refusals);
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(one, NULL));
}

static void a_checkpoint_goes_on_with_any_taker(void) {
  tasker_attachment* one = attached("one");
  char event_id[37];
  char next[37];
  tasker_buffer events = TASKER_BUFFER_INIT;
  create_task(worker);
  CHECK_STATUS(TASKER_OK, tasker_attachment_poll_step_events(one, 1, 10000, &events, NULL));
  read_event_id(&events, event_id);
  const char* step = strstr(events.data, "\"step_uuid\":\"");
  CHECK(step != NULL);
  char checkpoint[160];
  const int bytes = snprintf(checkpoint, sizeof checkpoint,
                             "{\"step_uuid\":\"%.36s\",\"cursor\":1,\"items_processed\":1}",
                             step ? step + strlen("\"step_uuid\":\"") : "");
  tasker_buffer_destroy(&events);
  CHECK_STATUS(TASKER_OK, tasker_attachment_checkpoint_step_event(one, event_id, 36, checkpoint,
                                                                  (size_t)bytes, next, NULL));
  CHECK_STATUS(TASKER_OK, tasker_attachment_poll_step_events(one, 1, 10000, &events, NULL));
  read_event_id(&events, event_id);
  tasker_buffer_destroy(&events);
  CHECK(strcmp(event_id, next) == 0);
  uint64_t request = 0;
  CHECK_STATUS(TASKER_OK, tasker_attachment_checkpoint_step_event_begin(
                              one, event_id, 36, checkpoint, (size_t)bytes, &request, NULL));
  tasker_buffer replies = TASKER_BUFFER_INIT;
  /* The continuation is news too, and may come first. */
  for (const time_t end = time(NULL) + 20; replies.data == NULL && time(NULL) < end;) {
    CHECK_STATUS(TASKER_OK, tasker_attachment_wait(one, 20000, NULL));
    CHECK_STATUS(TASKER_OK, tasker_attachment_poll_replies(one, 4, &replies, NULL));
  }
  CHECK(replies.data && strstr(replies.data, "\"result\":\"") != NULL);
  tasker_buffer_destroy(&replies);
  CHECK_STATUS(TASKER_OK, tasker_attachment_poll_step_events(one, 1, 10000, &events, NULL));
  read_event_id(&events, event_id);
  tasker_buffer_destroy(&events);
  CHECK_STATUS(TASKER_OK, settle(one, event_id));
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(one, NULL));
}

static tasker_attachment* waking;
static tasker_status detach_inside;
static tasker_status replace_inside;
static tasker_status end_inside;
static int woken[2];

static void count_finalizer(void* user_data) { ++*(int*)user_data; }

static void on_wakeup(void* user_data) {
  (void)user_data;
  detach_inside = tasker_attachment_detach(waking, NULL);
  replace_inside = tasker_attachment_set_wakeup(waking, NULL, NULL, NULL, NULL);
  uint32_t id = 0;
  tasker_buffer held = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_attachment_get_id(waking, &id, NULL));
  end_inside = tasker_worker_end_attachment(worker, id, &held, NULL);
  CHECK(write(woken[1], "w", 1) == 1);
}

static void a_wakeup_comes_and_may_not_detach_or_replace(void) {
  int finalized = 0;
  CHECK(pipe(woken) == 0);
  waking = attached("waking");
  CHECK_STATUS(TASKER_OK,
               tasker_attachment_set_wakeup(waking, on_wakeup, &finalized, count_finalizer, NULL));
  create_task(worker);
  struct pollfd heard = {woken[0], POLLIN, 0};
  CHECK(poll(&heard, 1, 20000) == 1);
  CHECK_STATUS(TASKER_OK, tasker_attachment_set_wakeup(waking, NULL, NULL, NULL, NULL));
  CHECK(finalized == 1);
  CHECK_STATUS(TASKER_ERR_INVALID_STATE, detach_inside);
  CHECK_STATUS(TASKER_ERR_INVALID_STATE, replace_inside);
  CHECK_STATUS(TASKER_ERR_INVALID_STATE, end_inside);
  int32_t fd = -1;
  CHECK_STATUS(TASKER_OK, tasker_attachment_event_fd(waking, &fd, NULL));
  struct pollfd readable = {fd, POLLIN, 0};
  CHECK(poll(&readable, 1, 20000) == 1);
  char event_id[37];
  tasker_buffer events = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_attachment_poll_step_events(waking, 2, 10000, &events, NULL));
  read_event_id(&events, event_id);
  tasker_buffer_destroy(&events);
  CHECK(poll(&readable, 1, 0) == 0);
  CHECK_STATUS(TASKER_ERR_TIMED_OUT, tasker_attachment_wait(waking, 0, NULL));
  CHECK_STATUS(TASKER_OK, settle(waking, event_id));
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(waking, NULL));
  CHECK_STATUS(TASKER_ERR_CLOSED,
               tasker_attachment_set_wakeup(waking, on_wakeup, &finalized, count_finalizer, NULL));
  CHECK(finalized == 2);
}

static void the_owner_takes_what_nobody_is_attached_to(void) {
  create_task(worker);
  char event_id[37];
  char text[4096];
  size_t size = 2;
  for (int i = 0; i < 1000 && size == 2; ++i) {
    (void)tasker_worker_wait(worker, 20, NULL);
    CHECK_STATUS(TASKER_OK,
                 tasker_worker_poll_executor_step_events_into(worker, TASKER_EXECUTOR_THREADS, 1,
                                                              text, sizeof text, &size, NULL));
  }
  CHECK(size > 2);
  tasker_buffer events = {text, size};
  read_event_id(&events, event_id);
  CHECK_STATUS(TASKER_OK, complete(worker, event_id, kResult));
}

/* A fork of a process with threads is more than the sanitizers bear. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TESTS_FORK 1
static void a_fork_has_none_of_its_parents(void) {
  tasker_attachment* parents = attached("parents");
  const pid_t child = fork();
  if (child == 0) {
    uint32_t id = 0;
    tasker_attachment* made = NULL;
    const int refused = tasker_attachment_get_id(parents, &id, NULL) == TASKER_ERR_FORKED &&
                        tasker_attachment_wait(parents, 1000, NULL) == TASKER_ERR_FORKED &&
                        tasker_attachment_detach(parents, NULL) == TASKER_ERR_FORKED &&
                        attach(TASKER_EXECUTOR_THREADS, "child", &made) == TASKER_ERR_FORKED &&
                        made == NULL;
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(parents, NULL));
}
#endif

static void after_the_workers_end_only_the_detach_is_left(void) {
  tasker_attachment* last = attached("last");
  CHECK_STATUS(TASKER_OK, tasker_worker_drain(worker, 10000, NULL, NULL));
  tasker_buffer events = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_ERR_DRAINING,
               tasker_attachment_poll_step_events(last, 1, 1000, &events, NULL));
  CHECK_STATUS(TASKER_ERR_DRAINING, tasker_attachment_wait(last, 1000, NULL));
  tasker_attachment* late = NULL;
  CHECK_STATUS(TASKER_ERR_DRAINING, attach(TASKER_EXECUTOR_THREADS, "late", &late));
  CHECK_STATUS(TASKER_OK, tasker_worker_close(worker, NULL));
  CHECK_STATUS(TASKER_ERR_NOT_FOUND, attach(TASKER_EXECUTOR_THREADS, "late", &late));
  CHECK(late == NULL);
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_attachment_poll_step_events(last, 1, 0, &events, NULL));
  CHECK_STATUS(TASKER_ERR_CLOSED, settle(last, kNoEvent));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_attachment_wait(last, 1000, NULL));
  CHECK_STATUS(TASKER_OK, tasker_attachment_detach(last, NULL));
  CHECK_STATUS(TASKER_ERR_CLOSED, tasker_attachment_detach(last, NULL));
}

int main(void) {
  snprintf(folder, sizeof folder, "/tmp/tasker-c-XXXXXX");
  if (!mkdtemp(folder)) return 2;
  worker = open_worker("store.db");
  CHECK_STATUS(TASKER_OK,
               tasker_worker_set_executor_room(worker, TASKER_EXECUTOR_THREADS, 8, NULL));
  RUN(handlers_say_where_they_run_and_wrong_ones_are_named);
  start(worker);
  read_token(worker);
  RUN(rooms_and_executors_have_their_ranges);
  RUN(an_attach_says_what_is_wrong);
  RUN(what_is_no_attachment_is_refused);
  RUN(a_detached_one_is_closed_from_every_thread);
  RUN(arguments_have_their_ranges);
  RUN(a_step_is_settled_by_who_took_it);
  RUN(what_an_ended_attachment_held_is_the_owners);
  RUN(a_detach_with_a_step_is_told_to_the_owner);
  RUN(several_are_completed_each_with_its_own_outcome);
  RUN(a_checkpoint_goes_on_with_any_taker);
  RUN(a_wakeup_comes_and_may_not_detach_or_replace);
  RUN(the_owner_takes_what_nobody_is_attached_to);
#ifdef TESTS_FORK
  RUN(a_fork_has_none_of_its_parents);
#endif
  RUN(after_the_workers_end_only_the_detach_is_left);
  remove_folder(folder);
  return finish();
}
