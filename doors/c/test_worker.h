/* What the suites in C share: a worker on a file in a folder that goes away, and tasks for it. */
#pragma once

#include <stdlib.h>

#include "doors/c/check.h"
#include "include/tasker/tasker.h"

static inline void check_status(tasker_status expected, tasker_status actual, const char* what,
                                int line) {
  if (expected == actual) {
    check(1, what, __FILE__, line);
    return;
  }
  char text[512];
  snprintf(text, sizeof text, "%s is %s; expected %s", what, tasker_status_name(actual),
           tasker_status_name(expected));
  check(0, text, __FILE__, line);
}

static char folder[64];

static const char kTemplate[] =
    "name: one_step\nnamespace_name: test\nversion: 1.0.0\n"
    "steps:\n  - name: work\n    handler: { callable: test.Work }\n    retry: { backoff: none }\n";
static const char kNoEvent[] = "00000000-0000-4000-8000-000000000000";
static const char kResult[] = "{\"success\":true,\"result\":{}}";

/* A literal and its size. */
#define TEXT(literal) (literal), sizeof(literal) - 1

/* A pointer that was never a handle. */
static inline void* made_up(uintptr_t number) { return (void*)number; }

static inline tasker_worker* open_worker(const char* name) {
  char config[256];
  const int bytes = snprintf(config, sizeof config,
                             "{\"store_path\":\"%s/%s\",\"durability\":\"normal\","
                             "\"log_level\":\"off\"}",
                             folder, name);
  tasker_worker* opened = NULL;
  CHECK_STATUS(TASKER_OK, tasker_worker_open(config, (size_t)bytes, NULL, &opened, NULL));
  return opened;
}

static inline void start(tasker_worker* opened) {
  tasker_buffer stored = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_put_template(opened, TEXT(kTemplate), &stored, NULL));
  tasker_buffer_destroy(&stored);
  CHECK_STATUS(TASKER_OK, tasker_worker_register_all_handlers(opened, NULL));
  CHECK_STATUS(TASKER_OK, tasker_worker_start(opened, NULL));
}

static inline void create_task(tasker_worker* opened) {
  static const char request[] = "[{\"name\":\"one_step\",\"namespace\":\"test\"}]";
  tasker_buffer created = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_create_tasks(opened, TEXT(request), &created, NULL));
  tasker_buffer_destroy(&created);
}

/* The id of the first of these events. */
static inline void read_event_id(const tasker_buffer* events, char* event_id) {
  const char* at = events->data ? strstr(events->data, "\"event_id\":\"") : NULL;
  CHECK(at != NULL);
  event_id[0] = '\0';
  if (at) memcpy(event_id, at + strlen("\"event_id\":\""), 36);
  event_id[36] = '\0';
}

/* The id of the next event, of a task that this creates. */
static inline void next_event(tasker_worker* opened, char* event_id) {
  create_task(opened);
  tasker_buffer events = TASKER_BUFFER_INIT;
  CHECK_STATUS(TASKER_OK, tasker_worker_poll_step_events(opened, 1, 10000, &events, NULL));
  read_event_id(&events, event_id);
  tasker_buffer_destroy(&events);
}

static inline tasker_status complete(tasker_worker* opened, const char* event_id,
                                     const char* result) {
  return tasker_worker_complete_step_event(opened, event_id, strlen(event_id), result,
                                           strlen(result), NULL);
}
