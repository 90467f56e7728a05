// Versions, and what a status means.
#include "doors/c/guard.h"

uint32_t tasker_abi_version(void) { return TASKER_ABI_VERSION; }

const char* tasker_version(void) { return TASKER_VERSION; }

const char* tasker_status_name(tasker_status status) {
  switch (status) {
    case TASKER_OK:
      return "OK";
#define TASKER_ERROR(name, number, retryable, meaning) \
  case -(number):                                      \
    return #name;
#include "contract/errors.def"
#undef TASKER_ERROR
    default:
      return "UNKNOWN";
  }
}

const char* tasker_status_meaning(tasker_status status) {
  switch (status) {
    case TASKER_OK:
      return "the call did what it says";
#define TASKER_ERROR(name, number, retryable, meaning) \
  case -(number):                                      \
    return meaning;
#include "contract/errors.def"
#undef TASKER_ERROR
    default:
      return "a number that contract/errors.def does not list";
  }
}
