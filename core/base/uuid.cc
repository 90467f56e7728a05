#include "core/base/uuid.h"

#include <cstring>

namespace tasker::base {
namespace {

constexpr std::size_t kTextSize = 36;
constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr std::array<char, 512> make_hex_pairs() {
  std::array<char, 512> pairs{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = kHexDigits[byte >> 4U];
    pairs[2 * byte + 1] = kHexDigits[byte & 0x0FU];
  }
  return pairs;
}

constexpr std::array<char, 512> kHexPairs = make_hex_pairs();

constexpr bool dash_before(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_hex_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t value = 0; value < 16; ++value) {
    const auto digit = static_cast<unsigned char>(kHexDigits[value]);
    values[digit] = value;
    if (value >= 10) values[digit - 'a' + 'A'] = value;
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> kHexValues = make_hex_values();

constexpr std::uint8_t hex_value(char digit) {
  return kHexValues[static_cast<unsigned char>(digit)];
}

void put_big_endian(Uuid& id, std::size_t from, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    id.bytes[from + bytes - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

std::uint64_t get_big_endian(const Uuid& id, std::size_t from, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = (value << 8U) | id.bytes[from + i];
  return value;
}

void mark(Uuid& id, unsigned version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0FU) | (version << 4U));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3FU) | 0x80U);
}

/// A bijection of the 64-bit numbers in which every bit of the input moves every bit of the output.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

}  // namespace

void Uuid::append_to(std::string& out) const {
  std::array<char, kTextSize> text{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (dash_before(i)) text[at++] = '-';
    std::memcpy(&text[at], &kHexPairs[std::size_t{2} * bytes[i]], 2);
    at += 2;
  }
  out.append(text.data(), text.size());
}

std::string Uuid::text() const {
  std::string out;
  out.reserve(kTextSize);
  append_to(out);
  return out;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Uuid id;
  std::size_t at = 0;
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (dash_before(i) && text[at++] != '-') return std::nullopt;
    const std::uint8_t high = hex_value(text[at++]);
    const std::uint8_t low = hex_value(text[at++]);
    seen |= high | low;
    id.bytes[i] = static_cast<std::uint8_t>((high << 4U) | low);
  }
  if (seen > 0x0F) return std::nullopt;
  return id;
}

Uuid make_uuid_v4(Random& random) {
  Uuid id;
  put_big_endian(id, 0, random.next(), 8);
  put_big_endian(id, 8, random.next(), 8);
  mark(id, 4);
  return id;
}

Uuid make_uuid_v7(std::int64_t unix_ms, Random& random) {
  Uuid id;
  put_big_endian(id, 0, static_cast<std::uint64_t>(unix_ms), 6);
  put_big_endian(id, 6, random.next(), 2);
  put_big_endian(id, 8, random.next(), 8);
  mark(id, 7);
  return id;
}

Uuid derive_uuid(const Uuid& parent, std::uint64_t index) {
  // 64 of the parent's bits (the 62 behind the variant and two before it) give way to a mix of them
  // with the index. For one parent the mix is a bijection of the index, so 2^64 indices give 2^64
  // ids. Parents keep apart as well as their own random bits do, and a derived id may be a parent.
  constexpr std::uint64_t kBehindVariant = 0x3FFFFFFFFFFFFFFFU;
  const std::uint64_t own =
      (get_big_endian(parent, 8, 8) & kBehindVariant) | ((parent.bytes[7] & 3ULL) << 62U);
  const std::uint64_t part = mixed(index ^ mixed(own + 0x9E3779B97F4A7C15U));
  Uuid id = parent;
  id.bytes[7] = static_cast<std::uint8_t>((id.bytes[7] & 0xFCU) | (part >> 62U));
  put_big_endian(id, 8, part, 8);
  mark(id, 8);
  return id;
}

}  // namespace tasker::base
