// What a runtime loads: a small door that opens the real addon beside it.
//
// A runtime may carry libraries of its own that the core uses too, in other versions, and export
// their symbols (Node 22 does so with simdjson and SQLite). Symbols of the program come first in
// the ordinary search, so that the core would call into the runtime's copies. RTLD_DEEPBIND turns
// the order round for the library that it is given to, and for that library alone, which is why the
// addon cannot be this file itself.
#include <dlfcn.h>
#include <node_api.h>

#include <string>

namespace {

constexpr const char* kLibrary = "tasker-core.so";
constexpr const char* kInit = "tasker_node_init";

using Init = napi_value (*)(napi_env, napi_value);

std::string library_path() {
  Dl_info self{};
  if (dladdr(reinterpret_cast<const void*>(&library_path), &self) == 0 || !self.dli_fname)
    return {};
  const std::string own = self.dli_fname;
  return own.substr(0, own.rfind('/') + 1) + kLibrary;
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::string path = library_path();
  // Never closed: threads of the core may run until the process ends.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  const auto init = library ? reinterpret_cast<Init>(dlsym(library, kInit)) : nullptr;
  if (init) return init(env, exports);
  const char* reason = dlerror();
  (void)napi_throw_error(
      env, "INTERNAL",
      (path + " cannot be loaded: " + (reason ? reason : "no reason given")).c_str());
  return nullptr;
}
