#include "doors/c/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace tasker::c {

void give(tasker_buffer* out, std::string_view text) {
  auto* data = static_cast<char*>(std::malloc(text.size() + 1));
  if (!data) throw std::bad_alloc();
  std::memcpy(data, text.data(), text.size());
  data[text.size()] = '\0';
  *out = {data, text.size()};
}

}  // namespace tasker::c

void tasker_buffer_destroy(tasker_buffer* buffer) {
  if (!buffer) return;
  std::free(buffer->data);
  *buffer = TASKER_BUFFER_INIT;
}
