// 128-bit ids and their text form.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/random.h"

namespace tasker::base {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  // Inline and without a call: tables of ids compare for every look-up.
  bool operator==(const Uuid& other) const {
    std::uint64_t own[2];
    std::uint64_t others[2];
    std::memcpy(own, bytes.data(), sizeof own);
    std::memcpy(others, other.bytes.data(), sizeof others);
    return own[0] == others[0] && own[1] == others[1];
  }
  bool is_nil() const { return *this == Uuid{}; }
  /// Lower-case, 36 characters.
  std::string text() const;
  /// Appends what text() returns.
  void append_to(std::string& out) const;
};

/// Accepts the 36-character form in either case; nullopt for anything else.
std::optional<Uuid> parse_uuid(std::string_view text);

/// Version 4: random.
Uuid make_uuid_v4(Random& random);

/// Version 7: the low 48 bits of `unix_ms` in front, so that ids made later sort later; the rest
/// random.
Uuid make_uuid_v7(std::int64_t unix_ms, Random& random);

/// The id of part `index` of `parent`: stable, distinct for each of the 2^64 indices, and not
/// stored (version 8, RFC 9562). Keeps the first 56 bits of the parent but for the version, so
/// parts sort by their parent's time. A part may be a parent too.
Uuid derive_uuid(const Uuid& parent, std::uint64_t index);

/// A change of any bit moves all others.
struct UuidHash {
  std::size_t operator()(const Uuid& id) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, id.bytes.data(), sizeof halves);
    std::uint64_t mixed = halves[0] ^ (halves[1] * 0x9E3779B97F4A7C15U);
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<std::size_t>(mixed ^ (mixed >> 31U));
  }
};

}  // namespace tasker::base
