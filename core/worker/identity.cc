#include "core/worker/identity.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace tasker::worker {
namespace {

/// FNV-1a, 64 bits. The text's length goes in too, so that neighbouring texts can not trade bytes.
std::uint64_t hashed(std::uint64_t hash, std::string_view text) {
  constexpr std::uint64_t kPrime = 0x100000001B3U;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * kPrime;
  }
  for (std::uint64_t length = text.size(), byte = 0; byte < 8; ++byte, length >>= 8U) {
    hash = (hash ^ (length & 0xFFU)) * kPrime;
  }
  return hash;
}

void append_hex(std::string& out, std::uint64_t value, int digits) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    out += kHexDigits[(value >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

}  // namespace

std::string identity_hash(const store::TaskHeader& task, const model::TaskTemplate& body) {
  std::string out;
  if (task.idempotency_key) {
    constexpr std::uint64_t kOffsetBasis = 0xCBF29CE484222325U;
    std::uint64_t hash = hashed(kOffsetBasis, body.namespace_name);
    hash = hashed(hash, body.name);
    append_hex(out, hashed(hash, *task.idempotency_key), 16);
  } else {
    out.reserve(32);
    for (const std::uint8_t byte : task.uuid.bytes) append_hex(out, byte, 2);
  }
  return out;
}

}  // namespace tasker::worker
