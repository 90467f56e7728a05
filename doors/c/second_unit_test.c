#include "doors/c/second_unit_test.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "include/tasker/tasker.h"
#include "include/tasker/tasker_flat.h"

/* The header's numbers are those of contract/errors.def. */
#define TASKER_ERROR(name, number, retryable, meaning) \
  _Static_assert(TASKER_ERR_##name == -(number),       \
                 "tasker.h and contract/errors.def "   \
                 "differ: " #name);
#include "contract/errors.def"
#undef TASKER_ERROR

uint32_t second_unit_abi_version(void) { return tasker_abi_version(); }

size_t second_unit_completion_bytes(void) { return sizeof(tasker_completion); }

void remove_folder(const char* path) {
  DIR* folder = opendir(path);
  if (!folder) return;
  char file[512];
  for (struct dirent* entry = readdir(folder); entry; entry = readdir(folder)) {
    snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    (void)unlink(file);
  }
  (void)closedir(folder);
  (void)rmdir(path);
}
