// libtasker_worker.so: what a program loads. It holds no code of the core's; each of its functions
// jumps to the one of the same name in libtasker_worker_core.so beside it (open_beside.h says why).
//
// The jumps are in trampolines.S, their targets in the table here: one row for each name of
// contract/abi/symbols.txt, in that order. A library without its core can still be loaded; its
// functions then answer that they failed.
#include <string.h>
#include <unistd.h>

#include "doors/isolation/open_beside.h"
#include "include/tasker/tasker.h"
#include "include/tasker/tasker_flat.h"

namespace {

constexpr const char* kCore = "libtasker_worker_core.so";

char failure[] =
    R"({"success":false,"status":"error","message":"libtasker_worker_core.so cannot be loaded",)"
    R"("error":"libtasker_worker_core.so cannot be loaded"})";
char version[] = "0.0.0";

/// Which of the answers that mean failure a function gives.
constexpr bool starts_with(const char* name, const char* start) {
  for (; *start; ++name, ++start)
    if (*name != *start) return false;
  return true;
}

template <class Function, char kKind>
struct Absent;

/// What a function answers without a core: kinds are `h` for handle names, `p` for the flat polls,
/// `v` for versions, `f` for all other flat names.
template <class Value, class... Arguments, char kKind>
struct Absent<Value (*)(Arguments...), kKind> {
  static Value call(Arguments...) {
    if constexpr (__is_same(Value, const char*))
      return "";
    else if constexpr (__is_same(Value, char*))
      return kKind == 'p' ? nullptr : kKind == 'v' ? version : failure;
    else if constexpr (__is_same(Value, tasker_status))
      return kKind == 'h' ? TASKER_ERR_INTERNAL : 0;
    else if constexpr (!__is_same(Value, void))
      return 0;
  }
};

constexpr char kind_of(const char* name) {
  if (starts_with(name, "tasker_")) return 'h';
  if (starts_with(name, "poll_")) return 'p';
  if (starts_with(name, "get_version") || starts_with(name, "get_rust_version")) return 'v';
  return 'f';
}

struct Row {
  const char* name;
  void* absent;
};

constexpr int kRows = 0
#define TASKER_EXPORT(name) +1
#include "exports.inc"
#undef TASKER_EXPORT
    ;

void say(const char* text) { (void)!write(STDERR_FILENO, text, strlen(text)); }

}  // namespace

/// Where the trampolines jump.
extern "C" __attribute__((visibility("hidden"))) void* tasker_targets[kRows];
void* tasker_targets[kRows];

namespace {

__attribute__((constructor)) void load_core() {
  const Row rows[] = {
#define TASKER_EXPORT(name) \
  {#name, reinterpret_cast<void*>(&Absent<decltype(&name), kind_of(#name)>::call)},
#include "exports.inc"
#undef TASKER_EXPORT
  };
  void* const core =
      tasker::isolation::open_beside(reinterpret_cast<const void*>(&load_core), kCore);
  if (!core) {
    const char* const reason = dlerror();
    say("tasker: ");
    say(reason ? reason : "libtasker_worker_core.so cannot be found");
    say("; every call will fail\n");
  }
  for (int i = 0; i < kRows; ++i) {
    void* const function = core ? dlsym(core, rows[i].name) : nullptr;
    tasker_targets[i] = function ? function : rows[i].absent;
  }
}

}  // namespace
