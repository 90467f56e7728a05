#include "bench/native/door_tally.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <string_view>

#include "bench/native/door_event.h"

namespace tasker::bench {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kSeqMember = R"("seq":")";

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// The number that a result names; 0 for one that names none.
std::int64_t seq_of(std::string_view result) {
  const std::size_t member = result.find(kSeqMember);
  if (member == std::string_view::npos) return 0;
  const char* begin = result.data() + member + kSeqMember.size();
  std::int64_t seq = 0;
  std::from_chars(begin, result.data() + result.size(), seq);
  return seq;
}

}  // namespace

base::Result<std::unique_ptr<DoorTally>> DoorTally::open(const std::string& path,
                                                         const Plan& plan) {
  if (plan.steps < 1 || plan.warmup >= plan.steps || plan.in_flight < 1)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} steps, of these {} to warm up, {} in flight: expected 1 or more, "
                            "fewer than these, 1 or more",
                            plan.steps, plan.warmup, plan.in_flight),
                "TASKER_BENCH_STEPS");
  const std::size_t bytes =
      (kMembers + 2 * static_cast<std::size_t>(plan.steps - plan.warmup)) * sizeof(std::int64_t);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    if (fd >= 0) close(fd);
    return fail(ErrorCode::kSTORE_FAILED, fmt::format("the tally \"{}\" cannot be made", path),
                "TASKER_BENCH_TALLY");
  }
  void* const file = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (file == MAP_FAILED)
    return fail(ErrorCode::kSTORE_FAILED, fmt::format("the tally \"{}\" cannot be mapped", path),
                "TASKER_BENCH_TALLY");
  return std::unique_ptr<DoorTally>(new DoorTally(plan, static_cast<std::int64_t*>(file), bytes));
}

DoorTally::DoorTally(const Plan& plan, std::int64_t* file, std::size_t bytes)
    : plan_(plan),
      file_(file),
      bytes_(bytes),
      handed_out_ns_(static_cast<std::size_t>(plan.steps) + 1) {}

DoorTally::~DoorTally() { munmap(file_, bytes_); }

/// In order for who reads the file: a member that is there was preceded by all before it.
void DoorTally::put(std::size_t index, std::int64_t value) {
  std::atomic_ref(file_[index]).store(value, std::memory_order_release);
}

void DoorTally::record(const store::WriteBatch& batch) {
  for (const store::Release& release : batch.releases) {
    again_.push_back(static_cast<std::int64_t>(release.step.task));
    running_ -= 1;
    put(kReleased, file_[kReleased] + 1);
  }
  if (batch.completions.empty()) return;
  const std::int64_t now_ns = monotonic_ns();
  for (const store::Completion& completion : batch.completions) record_end(completion, now_ns);
}

void DoorTally::record_end(const store::Completion& completion, std::int64_t now_ns) {
  const auto seq = static_cast<std::int64_t>(completion.step.task);
  const std::int64_t ended = file_[kEnded] + 1;
  running_ -= 1;
  if (ended > plan_.warmup) {
    const std::size_t pair = kMembers + 2 * static_cast<std::size_t>(ended - plan_.warmup - 1);
    put(pair, handed_out_ns_[static_cast<std::size_t>(seq)]);
    put(pair + 1, now_ns);
  }
  // Those of the warm-up may end later than others, so that these are known by their numbers.
  const std::int64_t named = seq_of(completion.result_json);
  if (named > plan_.warmup) put(kSum, file_[kSum] + named);
  if (ended == plan_.warmup) put(kWarm, now_ns);
  if (ended == plan_.steps) put(kFinished, now_ns);
  put(kEnded, ended);
}

std::uint32_t DoorTally::due(std::uint32_t room) const {
  const std::int64_t left = plan_.steps - last_ + static_cast<std::int64_t>(again_.size());
  return std::min(room, static_cast<std::uint32_t>(std::min(left, plan_.in_flight - running_)));
}

std::int64_t DoorTally::next() {
  std::int64_t seq = 0;
  if (again_.empty()) {
    seq = ++last_;
  } else {
    seq = again_.front();
    again_.pop_front();
  }
  running_ += 1;
  const std::int64_t now_ns = monotonic_ns();
  handed_out_ns_[static_cast<std::size_t>(seq)] = now_ns;
  if (file_[kStarted] == 0) {
    put(kStarted, now_ns);
    if (plan_.warmup == 0) put(kWarm, now_ns);
  }
  return seq;
}

}  // namespace tasker::bench
