// What a runtime loads: a small door that opens the real addon beside it (open_beside.h says why).
#include <dlfcn.h>
#include <node_api.h>

#include <string>

#include "doors/isolation/open_beside.h"

namespace {

constexpr const char* kLibrary = "tasker-core.so";
constexpr const char* kInit = "tasker_node_init";

using Init = napi_value (*)(napi_env, napi_value);

// Its address says where this library lies.
constexpr char kHere = 0;

}  // namespace

NAPI_MODULE_INIT() {
  void* const library = tasker::isolation::open_beside(&kHere, kLibrary);
  const auto init = library ? reinterpret_cast<Init>(dlsym(library, kInit)) : nullptr;
  if (init) return init(env, exports);
  const char* const reason = dlerror();
  const std::string message =
      std::string(kLibrary) + " beside the addon cannot be loaded: " + (reason ? reason : "");
  (void)napi_throw_error(env, "INTERNAL", message.c_str());
  return nullptr;
}
