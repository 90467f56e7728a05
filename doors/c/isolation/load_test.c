/* A stranger's client: it knows the contract's flat names and the path of a library, nothing else
 * of ours. It also brings what such programs bring: an SQLite of its own in the program, a second
 * copy of the library, a link to it, an unload.
 *
 *     load_test LIBRARY      TASKER_TEMPLATE_PATH leads to a template of two steps
 */
#include <dirent.h>
#include <dlfcn.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "doors/c/check.h"

/* Symbols of the program come first in the ordinary search: a core that is not set apart would call
 * these. */
static int own_sqlite_calls;
__attribute__((visibility("default"))) int sqlite3_open_v2(const char* path, void** handle,
                                                           int flags, const char* vfs) {
  (void)path, (void)handle, (void)flags, (void)vfs;
  ++own_sqlite_calls;
  return 1;
}
__attribute__((visibility("default"))) int sqlite3_initialize(void) {
  ++own_sqlite_calls;
  return 1;
}

/* The functions of the contract that this client binds; one that is missing fails the load. */
typedef struct client {
  void* library;
  char* (*get_version)(void);
  char* (*get_rust_version)(void);
  int (*health_check)(void);
  int (*is_worker_running)(void);
  char* (*bootstrap_worker)(const char*);
  char* (*get_worker_status)(void);
  char* (*transition_to_graceful_shutdown)(void);
  char* (*stop_worker)(void);
  char* (*poll_step_events)(void);
  char* (*poll_in_process_events)(void);
  int (*complete_step_event)(const char*, const char*);
  int (*checkpoint_yield_step_event)(const char*, const char*);
  char* (*get_ffi_dispatch_metrics)(void);
  void (*check_starvation_warnings)(void);
  void (*cleanup_timeouts)(void);
  void (*log_info)(const char*, const char*);
  void (*free_rust_string)(char*);
  char* (*client_create_task)(const char*);
  char* (*client_get_task)(const char*);
  char* (*client_list_tasks)(const char*);
  char* (*client_list_task_steps)(const char*);
  char* (*client_health_check)(void);
} client;

static int missing;

static void* find(void* library, const char* name) {
  void* const found = dlsym(library, name);
  if (!found) ++missing;
  return found;
}

#define BIND(name) *(void**)&bound.name = find(bound.library, #name)

static client load(const char* path) {
  client bound;
  memset(&bound, 0, sizeof bound);
  bound.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!bound.library) {
    dprintf(STDOUT_FILENO, "%s\n", dlerror());
    exit(2);
  }
  BIND(get_version);
  BIND(get_rust_version);
  BIND(health_check);
  BIND(is_worker_running);
  BIND(bootstrap_worker);
  BIND(get_worker_status);
  BIND(transition_to_graceful_shutdown);
  BIND(stop_worker);
  BIND(poll_step_events);
  BIND(poll_in_process_events);
  BIND(complete_step_event);
  BIND(checkpoint_yield_step_event);
  BIND(get_ffi_dispatch_metrics);
  BIND(check_starvation_warnings);
  BIND(cleanup_timeouts);
  BIND(log_info);
  BIND(free_rust_string);
  BIND(client_create_task);
  BIND(client_get_task);
  BIND(client_list_tasks);
  BIND(client_list_task_steps);
  BIND(client_health_check);
  return bound;
}

/* Copies the text of an answer and releases it. */
static const char* take(const client* bound, char* answer, char* into, size_t bytes) {
  into[0] = '\0';
  if (answer) snprintf(into, bytes, "%s", answer);
  bound->free_rust_string(answer);
  return into;
}

static char text[1 << 16];
static char folder[64];
static const char* library_path;

#define ANSWER(bound, call) take(bound, (bound)->call, text, sizeof text)
#define HAS(answer, part) CHECK(strstr((answer), (part)) != NULL)

/* Copies the value of a member that is a plain string. */
static void copy_member(const char* json, const char* name, char* into, size_t bytes) {
  char pattern[64];
  snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
  const char* at = strstr(json, pattern);
  into[0] = '\0';
  if (!at) return;
  at += strlen(pattern);
  const char* const end = strchr(at, '"');
  if (end && (size_t)(end - at) < bytes) {
    memcpy(into, at, (size_t)(end - at));
    into[end - at] = '\0';
  }
}

static char* config(const char* store) {
  static char json[256];
  snprintf(json, sizeof json, "{\"database_url\":\"sqlite:%s/%s\",\"log_level\":\"error\"}", folder,
           store);
  return json;
}

/* Polls as the contract's clients do, again and again; what is waited for takes milliseconds. */
static int next_event(const client* bound) {
  for (long tries = 0; tries < 20000000; ++tries) {
    char* const event = bound->poll_step_events();
    if (!event) continue;
    snprintf(text, sizeof text, "%s", event);
    bound->free_rust_string(event);
    return 1;
  }
  return 0;
}

static void run_workflow(const client* bound, const char* store) {
  char task[64], event[64], step[64], checkpoint[256], result[256];
  HAS(ANSWER(bound, bootstrap_worker(config(store))), "\"status\":\"started\"");
  CHECK(bound->is_worker_running() == 1);
  HAS(ANSWER(bound, bootstrap_worker(NULL)), "\"status\":\"already_running\"");
  HAS(ANSWER(bound, client_health_check()), "\"healthy\":true");
  HAS(ANSWER(bound, client_create_task(
                        "{\"name\":\"parcel\",\"namespace\":\"logistics\",\"version\":\"1.0.0\","
                        "\"context\":{\"text\":\"a\\u0000b\"},\"initiator\":\"i\","
                        "\"source_system\":\"s\",\"reason\":\"r\",\"unknown\":1}")),
      "\"success\":true");
  copy_member(text, "task_uuid", task, sizeof task);
  for (int i = 0; i < 2; ++i) {
    CHECK(next_event(bound));
    HAS(text, i == 0 ? "\"name\":\"register\"" : "\"name\":\"close\"");
    HAS(text, "a\\u0000b");
    copy_member(text, "event_id", event, sizeof event);
    copy_member(text, "step_uuid", step, sizeof step);
    if (i == 1) {
      snprintf(checkpoint, sizeof checkpoint,
               "{\"step_uuid\":\"%s\",\"cursor\":{\"row\":7},\"items_processed\":7}", step);
      CHECK(bound->checkpoint_yield_step_event(event, checkpoint) == 1);
      CHECK(bound->checkpoint_yield_step_event(event, checkpoint) == 0);
      CHECK(next_event(bound));
      HAS(text, "\"cursor\":{\"row\":7}");
      copy_member(text, "event_id", event, sizeof event);
    }
    HAS(ANSWER(bound, get_ffi_dispatch_metrics()), "\"pending_count\":1");
    bound->check_starvation_warnings();
    bound->cleanup_timeouts();
    snprintf(
        result, sizeof result,
        "{\"step_uuid\":\"%s\",\"success\":true,\"result\":{\"n\":%d},\"status\":\"completed\","
        "\"metadata\":{\"execution_time_ms\":1,\"handler_name\":\"h\"}}",
        step, i);
    CHECK(bound->complete_step_event(event, "{") == 0);
    CHECK(bound->complete_step_event(event, result) == 1);
    CHECK(bound->complete_step_event(event, result) == 0);
  }
  int is_complete = 0;
  for (long tries = 0; tries < 1000000 && !is_complete; ++tries)
    is_complete = strstr(ANSWER(bound, client_get_task(task)), "\"status\":\"complete\"") != NULL;
  CHECK(is_complete);
  HAS(ANSWER(bound, client_list_task_steps(task)), "\"current_state\":\"complete\"");
  HAS(ANSWER(bound, client_list_tasks("{}")), task);
  HAS(ANSWER(bound, transition_to_graceful_shutdown()), "\"status\":\"transitioning\"");
  HAS(ANSWER(bound, transition_to_graceful_shutdown()), "\"success\":true");
  CHECK(bound->is_worker_running() == 1);
  HAS(ANSWER(bound, stop_worker()), "\"status\":\"stopped\"");
  HAS(ANSWER(bound, stop_worker()), "\"status\":\"not_running\"");
}

static void a_client_of_the_flat_names_runs_a_workflow(void) {
  const client bound = load(library_path);
  CHECK(missing == 0);
  CHECK(bound.health_check() == 1);
  CHECK(bound.is_worker_running() == 0);
  HAS(ANSWER(&bound, get_rust_version()), "tasker-ts");
  HAS(text, "rustc");
  HAS(ANSWER(&bound, get_worker_status()), "\"status\":\"stopped\"");
  HAS(ANSWER(&bound, transition_to_graceful_shutdown()), "\"success\":false");
  HAS(ANSWER(&bound, get_ffi_dispatch_metrics()), "\"success\":false");
  CHECK(bound.poll_in_process_events() == NULL);
  CHECK(bound.complete_step_event(NULL, NULL) == 0);
  bound.free_rust_string(NULL);
  run_workflow(&bound, "first.db");
  run_workflow(&bound, "first.db");
}

static void a_program_with_an_sqlite_of_its_own_does_not_get_between(void) {
  CHECK(own_sqlite_calls == 0);
}

static void a_library_that_is_unloaded_and_loaded_again_knows_its_worker(void) {
  client bound = load(library_path);
  HAS(ANSWER(&bound, bootstrap_worker(config("again.db"))), "\"status\":\"started\"");
  CHECK(dlclose(bound.library) == 0);
  bound = load(library_path);
  CHECK(bound.is_worker_running() == 1);
  HAS(ANSWER(&bound, stop_worker()), "\"status\":\"stopped\"");
}

static void copy_file(const char* from, const char* to) {
  FILE* const in = fopen(from, "rb");
  FILE* const out = fopen(to, "wb");
  CHECK(in && out);
  for (size_t bytes = 1; in && out && bytes > 0;) {
    bytes = fread(text, 1, sizeof text, in);
    CHECK(fwrite(text, 1, bytes, out) == bytes);
  }
  if (in) fclose(in);
  if (out) fclose(out);
}

static void path_in(char* into, size_t bytes, const char* of, const char* name) {
  snprintf(into, bytes, "%s/%s", of, name);
}

static void two_copies_by_two_paths_have_a_worker_each(void) {
  char copy[128], core[128], from[1024], library_folder[1024];
  snprintf(library_folder, sizeof library_folder, "%s", library_path);
  path_in(from, sizeof from, dirname(library_folder), "libtasker_worker_core.so");
  path_in(copy, sizeof copy, folder, "libtasker_worker.so");
  path_in(core, sizeof core, folder, "libtasker_worker_core.so");
  copy_file(library_path, copy);
  copy_file(from, core);
  const client first = load(library_path);
  const client second = load(copy);
  CHECK(first.get_version != second.get_version);
  HAS(ANSWER(&first, bootstrap_worker(config("one.db"))), "\"status\":\"started\"");
  CHECK(second.is_worker_running() == 0);
  run_workflow(&second, "two.db");
  CHECK(first.is_worker_running() == 1);
  HAS(ANSWER(&first, stop_worker()), "\"status\":\"stopped\"");
}

static void a_link_elsewhere_finds_the_core(void) {
  char link[128], place[128];
  path_in(place, sizeof place, folder, "elsewhere");
  CHECK(mkdir(place, 0700) == 0);
  path_in(link, sizeof link, place, "linked.so");
  CHECK(symlink(library_path, link) == 0);
  const client bound = load(link);
  HAS(ANSWER(&bound, get_worker_status()), "\"success\":true");
  unlink(link);
  rmdir(place);
}

static void a_library_without_its_core_loads_and_refuses(void) {
  char lonely[128], place[128];
  path_in(place, sizeof place, folder, "lonely");
  CHECK(mkdir(place, 0700) == 0);
  path_in(lonely, sizeof lonely, place, "libtasker_worker.so");
  copy_file(library_path, lonely);
  const client bound = load(lonely);
  CHECK(bound.health_check() == 0);
  CHECK(bound.is_worker_running() == 0);
  HAS(ANSWER(&bound, bootstrap_worker(NULL)), "\"success\":false");
  HAS(ANSWER(&bound, stop_worker()), "\"success\":false");
  CHECK(bound.poll_step_events() == NULL);
  CHECK(bound.complete_step_event("x", "{}") == 0);
  bound.log_info("nowhere", NULL);
  int (*start)(void*, void*);
  const char* (*message)(void*);
  *(void**)&start = dlsym(bound.library, "tasker_worker_start");
  *(void**)&message = dlsym(bound.library, "tasker_error_message");
  CHECK(start(NULL, NULL) == -24);
  CHECK(strcmp(message(NULL), "") == 0);
  unlink(lonely);
  rmdir(place);
}

static void remove_files(void) {
  DIR* const entries = opendir(folder);
  char path[512];
  for (struct dirent* entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries)) {
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    (void)unlink(path);
  }
  if (entries) closedir(entries);
  rmdir(folder);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  library_path = argv[1];
  snprintf(folder, sizeof folder, "/tmp/tasker-load-XXXXXX");
  if (!mkdtemp(folder)) return 2;
  RUN(a_client_of_the_flat_names_runs_a_workflow);
  RUN(a_program_with_an_sqlite_of_its_own_does_not_get_between);
  RUN(a_library_that_is_unloaded_and_loaded_again_knows_its_worker);
  RUN(two_copies_by_two_paths_have_a_worker_each);
  RUN(a_link_elsewhere_finds_the_core);
  RUN(a_library_without_its_core_loads_and_refuses);
  CHECK(own_sqlite_calls == 0);
  remove_files();
  return finish();
}
