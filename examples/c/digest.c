/* The workflow and its handlers. */
#include "digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char kHandlerNames[] =
    "[\"digest.count_requests\",\"digest.busiest_path\",\"digest.write_report\"]";

const char kWorkflow[] =
    "name: log_digest\n"
    "namespace_name: examples\n"
    "version: 1.0.0\n"
    "description: What an access log says, in a few lines\n"
    "steps:\n"
    "  - name: count_requests\n"
    "    handler: { callable: digest.count_requests }\n"
    "  - name: busiest_path\n"
    "    dependencies: [count_requests]\n"
    "    handler: { callable: digest.busiest_path }\n"
    "  - name: write_report\n"
    "    dependencies: [busiest_path]\n"
    "    handler: { callable: digest.write_report }\n"
    "    retry: { max_attempts: 3, backoff: exponential, backoff_base_ms: 200 }\n";

enum { kPathBytes = 512, kLineBytes = 2048, kPathsMax = 1024 };

/* One request of a log in the common log format. */
typedef struct request {
  char path[kPathBytes];
  int status;
  long long bytes;
} request;

static void fail(step_outcome* outcome, int retryable, const char* what, const char* about) {
  outcome->ok = 0;
  outcome->retryable = retryable;
  snprintf(outcome->message, sizeof outcome->message, "%s: %s", what, about);
}

/* A string of the task's context. */
static int read_context(text event, const char* name, char* out, size_t capacity) {
  const char* const path[] = {"task", "context", name};
  return json_string(json_find(event, path, 3), out, capacity);
}

/* A member of the result of a step before this one. */
static text result_member(text event, const char* step, const char* name) {
  const char* const path[] = {"dependency_results", step, "result", name};
  return json_find(event, path, 4);
}

/* host - user [time] "GET /path HTTP/1.1" 200 512 */
static int read_request(const char* line, request* out) {
  char bytes[32];
  if (sscanf(line, "%*s %*s %*s [%*[^]]] \"%*s %511s %*[^\"]\" %d %31s", out->path, &out->status,
             bytes) != 3) {
    return -1;
  }
  out->bytes = strcmp(bytes, "-") == 0 ? 0 : json_number(text_of(bytes));
  return out->bytes < 0 ? -1 : 0;
}

static FILE* open_log(text event, step_outcome* outcome) {
  char path[kPathBytes];
  if (read_context(event, "log", path, sizeof path) != 0) {
    fail(outcome, 0, "task.context.log", "expected the path of a log");
    return NULL;
  }
  FILE* const file = fopen(path, "r");
  if (file == NULL) fail(outcome, errno != ENOENT, path, strerror(errno));
  return file;
}

static void count_requests(text event, step_outcome* outcome) {
  FILE* const file = open_log(event, outcome);
  if (file == NULL) return;
  long long requests = 0, errors = 0, bytes = 0, skipped = 0;
  char line[kLineBytes];
  request one;
  while (fgets(line, sizeof line, file) != NULL) {
    if (read_request(line, &one) != 0) {
      ++skipped;
      continue;
    }
    ++requests;
    errors += one.status >= 400;
    bytes += one.bytes;
  }
  fclose(file);
  outcome->ok = 1;
  snprintf(outcome->result, sizeof outcome->result,
           "{\"requests\":%lld,\"errors\":%lld,\"bytes\":%lld,\"skipped\":%lld}", requests, errors,
           bytes, skipped);
  snprintf(outcome->message, sizeof outcome->message, "%lld requests, %lld lines skipped", requests,
           skipped);
}

typedef struct path_count {
  char path[kPathBytes];
  long long requests;
} path_count;

static void busiest_path(text event, step_outcome* outcome) {
  static path_count counts[kPathsMax];
  size_t known = 0, busiest = 0;
  FILE* const file = open_log(event, outcome);
  if (file == NULL) return;
  char line[kLineBytes];
  request one;
  while (fgets(line, sizeof line, file) != NULL) {
    if (read_request(line, &one) != 0) continue;
    size_t i = 0;
    while (i < known && strcmp(counts[i].path, one.path) != 0) ++i;
    if (i == kPathsMax) continue;
    if (i == known) {
      memcpy(counts[known].path, one.path, sizeof one.path);
      counts[known++].requests = 0;
    }
    ++counts[i].requests;
    if (counts[i].requests > counts[busiest].requests) busiest = i;
  }
  fclose(file);
  if (known == 0) {
    fail(outcome, 0, "the log", "no line of it is a request");
    return;
  }
  char quoted[kPathBytes * 2];
  if (json_quote(counts[busiest].path, quoted, sizeof quoted) != 0) {
    fail(outcome, 0, "path", "longer than this example takes");
    return;
  }
  outcome->ok = 1;
  snprintf(outcome->result, sizeof outcome->result, "{\"path\":%s,\"requests\":%lld,\"paths\":%zu}",
           quoted, counts[busiest].requests, known);
  snprintf(outcome->message, sizeof outcome->message, "%s of %zu paths", counts[busiest].path,
           known);
}

static void write_report(text event, step_outcome* outcome) {
  char report[kPathBytes], path[kPathBytes];
  if (read_context(event, "report", report, sizeof report) != 0 ||
      json_string(result_member(event, "busiest_path", "path"), path, sizeof path) != 0) {
    fail(outcome, 0, "task.context.report", "expected the path of a file to write");
    return;
  }
  FILE* const file = fopen(report, "w");
  if (file == NULL) {
    fail(outcome, 1, report, strerror(errno));
    return;
  }
  /* Results of all steps before are there, not only of the one that this depends on. */
  const char* const counts[] = {"requests", "errors", "bytes"};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; ++i) {
    const long long value = json_number(result_member(event, "count_requests", counts[i]));
    fprintf(file, "%-10s %lld\n", counts[i], value);
  }
  fprintf(file, "%-10s %s (%lld requests)\n", "busiest", path,
          json_number(result_member(event, "busiest_path", "requests")));
  if (fclose(file) != 0) {
    fail(outcome, 1, report, strerror(errno));
    return;
  }
  outcome->ok = 1;
  snprintf(outcome->result, sizeof outcome->result, "{\"lines\":4}");
  snprintf(outcome->message, sizeof outcome->message, "4 lines");
}

step_handler find_handler(text callable) {
  static const struct {
    const char* name;
    step_handler handler;
  } kHandlers[] = {
      {"\"digest.count_requests\"", count_requests},
      {"\"digest.busiest_path\"", busiest_path},
      {"\"digest.write_report\"", write_report},
  };
  for (size_t i = 0; i < sizeof kHandlers / sizeof kHandlers[0]; ++i) {
    if (callable.size == strlen(kHandlers[i].name) &&
        memcmp(callable.data, kHandlers[i].name, callable.size) == 0) {
      return kHandlers[i].handler;
    }
  }
  return NULL;
}
