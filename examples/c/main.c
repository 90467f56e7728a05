/*
 * log_digest LOG REPORT [STORE]: runs a workflow of three steps over an access log, in one thread
 * around epoll, as a server would that has other descriptors to serve too.
 *
 * The worker's descriptor tells when a poll will find something. Nothing here blocks but
 * epoll_wait, and closing the store at the end. Exit code: 0 the report is written, 1 the workflow
 * failed, 2 the command line is wrong, 3 the library refused something, 130 interrupted.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <tasker/tasker.h>
#include <unistd.h>

#include "digest.h"

enum { kTextBytes = 4096, kIdBytes = 64, kEventsMax = 16 };

typedef struct program {
  tasker_worker* worker;
  int epoll_fd;
  int signal_fd;
  int worker_fd;
  uint64_t wait_request; /* the reply that tells of the task's end */
  int done;
  int exit_code;
} program;

/* Reports a refusal of the library and takes its error. Returns 0 for TASKER_OK, else -1. */
static int check(program* self, tasker_status status, tasker_error* error, const char* what) {
  if (status == TASKER_OK) return 0;
  fprintf(stderr, "log_digest: %s: %s: %s\n", what, tasker_status_name(status),
          error == NULL ? tasker_status_meaning(status) : tasker_error_message(error));
  tasker_error_destroy(error);
  self->done = 1;
  self->exit_code = 3;
  return -1;
}

static void complete(program* self, text event, const step_outcome* outcome) {
  char document[kTextBytes], message[kMessageBytes * 2], event_id[kIdBytes];
  tasker_error* error = NULL;
  if (json_string(json_member(event, "event_id"), event_id, sizeof event_id) != 0) return;
  if (outcome->ok) {
    snprintf(document, sizeof document, "{\"success\":true,\"status\":\"completed\",\"result\":%s}",
             outcome->result);
  } else {
    const char* const retryable = outcome->retryable ? "true" : "false";
    if (json_quote(outcome->message, message, sizeof message) != 0) {
      snprintf(message, sizeof message, "\"the message is too long\"");
    }
    snprintf(document, sizeof document,
             "{\"success\":false,\"status\":\"failed\",\"result\":{},"
             "\"metadata\":{\"retryable\":%s},"
             "\"error\":{\"message\":%s,\"error_type\":\"digest_error\",\"retryable\":%s}}",
             retryable, message, retryable);
  }
  const tasker_status status = tasker_worker_complete_step_event(
      self->worker, event_id, strlen(event_id), document, strlen(document), &error);
  /* Too late: the step has timed out or was cancelled, and its state is settled. */
  if (status == TASKER_ERR_FENCED || status == TASKER_ERR_UNKNOWN_EVENT) {
    tasker_error_destroy(error);
    return;
  }
  check(self, status, error, "completing a step");
}

static void run_step(program* self, text event) {
  static const char* const kCallable[] = {"step_definition", "handler", "callable"};
  char name[kIdBytes] = "?";
  step_outcome outcome = {0};
  const step_handler handler = find_handler(json_find(event, kCallable, 3));
  const char* const step[] = {"workflow_step", "name"};
  json_string(json_find(event, step, 2), name, sizeof name);
  if (handler == NULL) {
    snprintf(outcome.message, sizeof outcome.message, "no handler is called so");
  } else {
    handler(event, &outcome);
  }
  printf("%s: %s%s\n", name, outcome.ok ? "" : "failed: ", outcome.message);
  complete(self, event, &outcome);
}

static void run_steps(program* self) {
  while (!self->done) {
    tasker_buffer events = TASKER_BUFFER_INIT;
    tasker_error* error = NULL;
    const tasker_status status =
        tasker_worker_poll_step_events(self->worker, kEventsMax, 0, &events, &error);
    if (check(self, status, error, "polling steps") != 0) return;
    const text list = {events.data, events.size};
    size_t at = 0, count = 0;
    for (text event; (event = json_next(list, &at)).data != NULL; ++count) run_step(self, event);
    tasker_buffer_destroy(&events);
    if (count == 0) return;
  }
}

/* The only request is the wait for the task's end. */
static void take_replies(program* self) {
  tasker_buffer replies = TASKER_BUFFER_INIT;
  tasker_error* error = NULL;
  const tasker_status status =
      tasker_worker_poll_replies(self->worker, kEventsMax, &replies, &error);
  if (check(self, status, error, "polling replies") != 0) return;
  const text list = {replies.data, replies.size};
  size_t at = 0;
  for (text reply; (reply = json_next(list, &at)).data != NULL;) {
    char state[kIdBytes] = "unknown";
    if (json_number(json_member(reply, "request")) != (long long)self->wait_request) continue;
    json_string(json_member(reply, "result"), state, sizeof state);
    printf("task %s\n", state);
    self->exit_code = strcmp(state, "complete") == 0 ? 0 : 1;
    self->done = 1;
  }
  tasker_buffer_destroy(&replies);
}

static void drop_notices(program* self) {
  tasker_buffer notices = TASKER_BUFFER_INIT;
  tasker_error* error = NULL;
  /* Handlers end within one turn of the loop, so there is none to stop. */
  const tasker_status status =
      tasker_worker_poll_notices(self->worker, kEventsMax, &notices, &error);
  check(self, status, error, "polling notices");
  tasker_buffer_destroy(&notices);
}

/* Waits for SIGINT and SIGTERM on a descriptor, and watches it and the worker's. */
static int watch(program* self) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, NULL);
  self->signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
  self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int descriptors[] = {self->signal_fd, self->worker_fd};
  for (size_t i = 0; i < 2; ++i) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptors[i]};
    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, descriptors[i], &event) != 0) {
      perror("log_digest: epoll");
      self->exit_code = 3;
      return -1;
    }
  }
  return 0;
}

static void loop(program* self) {
  while (!self->done) {
    struct epoll_event ready[2];
    const int count = epoll_wait(self->epoll_fd, ready, 2, -1);
    if (count < 0 && errno != EINTR) {
      perror("log_digest: epoll_wait");
      self->exit_code = 3;
      return;
    }
    for (int i = 0; i < count && !self->done; ++i) {
      if (ready[i].data.fd == self->signal_fd) {
        fprintf(stderr, "log_digest: interrupted; the next run goes on from here\n");
        self->exit_code = 130;
        return;
      }
      run_steps(self);
      drop_notices(self);
      take_replies(self);
    }
  }
}

static int open_worker(program* self, const char* store) {
  char path[kTextBytes / 2], config[kTextBytes];
  tasker_error* error = NULL;
  if (json_quote(store, path, sizeof path) != 0) return -1;
  snprintf(config, sizeof config, "{\"store_path\":%s,\"log_level\":\"warn\"}", path);
  tasker_status status = tasker_worker_open(config, strlen(config), NULL, &self->worker, &error);
  if (check(self, status, error, "opening the store") != 0) return -1;
  tasker_buffer stored = TASKER_BUFFER_INIT;
  status = tasker_worker_put_template(self->worker, kWorkflow, strlen(kWorkflow), &stored, &error);
  tasker_buffer_destroy(&stored);
  if (check(self, status, error, "storing the workflow") != 0) return -1;
  status =
      tasker_worker_register_handlers(self->worker, kHandlerNames, strlen(kHandlerNames), &error);
  if (check(self, status, error, "registering the handlers") != 0) return -1;
  status = tasker_worker_event_fd(self->worker, &self->worker_fd, &error);
  return check(self, status, error, "the worker's descriptor");
}

/* Creates the task, and asks to be told of its end. */
static int create_task(program* self, const char* log, const char* report) {
  char log_json[kTextBytes / 4], report_json[kTextBytes / 4], request[kTextBytes];
  tasker_buffer created = TASKER_BUFFER_INIT;
  tasker_error* error = NULL;
  if (json_quote(log, log_json, sizeof log_json) != 0 ||
      json_quote(report, report_json, sizeof report_json) != 0) {
    fprintf(stderr, "log_digest: a path is too long\n");
    return -1;
  }
  snprintf(request, sizeof request,
           "[{\"namespace\":\"examples\",\"name\":\"log_digest\",\"version\":\"1.0.0\","
           "\"context\":{\"log\":%s,\"report\":%s},"
           "\"initiator\":\"log_digest\",\"source_system\":\"example\",\"reason\":\"a new log\"}]",
           log_json, report_json);
  tasker_status status =
      tasker_worker_create_tasks(self->worker, request, strlen(request), &created, &error);
  if (check(self, status, error, "creating the task") != 0) return -1;
  char uuid[kIdBytes];
  size_t at = 0;
  const text list = {created.data, created.size};
  const text first = json_next(list, &at);
  const int known = json_string(json_member(first, "task_uuid"), uuid, sizeof uuid);
  if (known != 0) {
    fprintf(stderr, "log_digest: the task was refused: %.*s\n", (int)first.size, first.data);
  }
  tasker_buffer_destroy(&created);
  if (known != 0) return -1;
  status = tasker_worker_wait_task_begin(self->worker, uuid, strlen(uuid), 0, &self->wait_request,
                                         &error);
  if (check(self, status, error, "waiting for the task") != 0) return -1;
  status = tasker_worker_start(self->worker, &error);
  return check(self, status, error, "starting the worker");
}

int main(int argc, char** argv) {
  program self = {.epoll_fd = -1, .signal_fd = -1, .worker_fd = -1, .exit_code = 3};
  if (argc < 3 || argc > 4) {
    fprintf(stderr, "usage: log_digest LOG REPORT [STORE]\n");
    return 2;
  }
  if (tasker_abi_version() != TASKER_ABI_VERSION) {
    fprintf(stderr, "log_digest: the library speaks interface %u; expected %d\n",
            (unsigned)tasker_abi_version(), TASKER_ABI_VERSION);
    return 3;
  }
  if (open_worker(&self, argc == 4 ? argv[3] : "log_digest.db") == 0 &&
      create_task(&self, argv[1], argv[2]) == 0 && watch(&self) == 0) {
    loop(&self);
  }
  /* What was claimed and not completed goes back to the store, for the next run. */
  tasker_error* error = NULL;
  const tasker_status closed = tasker_worker_close(self.worker, &error);
  check(&self, closed, error, "closing the worker");
  if (self.epoll_fd >= 0) close(self.epoll_fd);
  if (self.signal_fd >= 0) close(self.signal_fd);
  return self.exit_code;
}
