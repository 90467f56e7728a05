#include "core/base/random.h"

#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace tasker::base {
namespace {

std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

constexpr std::uint64_t rotated_left(std::uint64_t value, unsigned by) {
  return (value << by) | (value >> (64U - by));
}

bool fill_from_system(void* out, std::size_t bytes) {
  for (;;) {
    const ssize_t got = getrandom(out, bytes, 0);
    if (got == static_cast<ssize_t>(bytes)) return true;
    if (got < 0 && errno != EINTR) return false;
  }
}

}  // namespace

Random::Random(std::uint64_t seed) : state_{} {
  for (std::uint64_t& word : state_) word = splitmix64(seed);
}

Random Random::from_system() {
  // The whole state, not only a seed: many processes make ids, and 64 bits would let two of them
  // share a sequence.
  Random random(0);
  std::array<std::uint64_t, 4> state{};
  if (fill_from_system(state.data(), sizeof(state)) && state != std::array<std::uint64_t, 4>{}) {
    random.state_ = state;
    return random;
  }
  // A kernel without getrandom, or a sandbox that forbids it.
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const auto here = reinterpret_cast<std::uintptr_t>(&random);
  return Random(static_cast<std::uint64_t>(now) ^ (static_cast<std::uint64_t>(getpid()) << 40U) ^
                (static_cast<std::uint64_t>(here) << 8U));
}

std::uint64_t Random::next() {
  const std::uint64_t result = rotated_left(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotated_left(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound <= 1) return 0;
  // The first 2^64 mod bound values would make the small remainders likelier.
  const std::uint64_t unfair = (0 - bound) % bound;
  std::uint64_t value = next();
  while (value < unfair) value = next();
  return value % bound;
}

double Random::unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

}  // namespace tasker::base
