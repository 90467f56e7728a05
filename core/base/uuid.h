// 128-bit ids and their text form.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/random.h"

namespace tasker::base {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
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

struct UuidHash {
  std::size_t operator()(const Uuid& id) const noexcept;
};

}  // namespace tasker::base
