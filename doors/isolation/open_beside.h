// Opens the library proper that lies beside the small one that a program has loaded.
//
// A program may carry libraries of its own that the core uses too, in other versions, and export
// their symbols (Node 22 does so with simdjson and SQLite). Symbols of the program come first in
// the ordinary search, so that the core would call into the program's copies. RTLD_DEEPBIND turns
// the order round for the library that it is given to, and for that library alone, which is why
// what a program loads is never the core itself.
#pragma once

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

namespace tasker::isolation {

/// A path and whether it could be made.
struct BesidePath {
  char text[PATH_MAX + 1] = {};
  bool is_made = false;
};

/// `name` in the folder of the file at `path`.
inline BesidePath beside(const char* path, const char* name) {
  BesidePath made;
  const char* slash = strrchr(path, '/');
  const size_t folder = slash ? static_cast<size_t>(slash - path) + 1 : 0;
  if (folder + strlen(name) > PATH_MAX) return made;
  memcpy(made.text, path, folder);
  memcpy(made.text + folder, name, strlen(name) + 1);
  made.is_made = true;
  return made;
}

/// Opens library `name` from the folder of the library that contains `self`, or, when that is a
/// link and nothing is there, from the folder that the link leads to. It is never closed: threads
/// of the core may run until the process ends. Uses no memory of its own, and nothing of C++'s
/// runtime library.
/// @return null when it cannot be loaded; dlerror() says why
inline void* open_beside(const void* self, const char* name) {
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND | RTLD_NODELETE;
  Dl_info info{};
  if (dladdr(self, &info) == 0 || !info.dli_fname) return nullptr;
  char real[PATH_MAX + 1];
  const bool is_real = realpath(info.dli_fname, real) != nullptr;
  if (is_real) {
    const BesidePath link = beside(info.dli_fname, name);
    const BesidePath target = beside(real, name);
    char unused[PATH_MAX + 1];
    if (link.is_made && realpath(link.text, unused)) return dlopen(link.text, kFlags);
    if (target.is_made) return dlopen(target.text, kFlags);
  }
  const BesidePath path = beside(info.dli_fname, name);
  return path.is_made ? dlopen(path.text, kFlags) : nullptr;
}

}  // namespace tasker::isolation
