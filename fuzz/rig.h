// What the fuzz targets share: a worker on a store of its own, step events that are open, and the
// rules that every call of the C ABI keeps whatever it is given. A broken rule ends the process, as
// a crash does.
//
// Threads: the one that libFuzzer calls on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "include/tasker/tasker.h"

namespace tasker::fuzz {

/// Prints what is wrong and ends the process.
[[noreturn]] void fail(std::string_view what);
inline void require(bool holds, std::string_view what) {
  if (!holds) fail(what);
}

/// One JSON document in UTF-8.
void require_json(std::string_view text, std::string_view what);
/// The same text as a value: what `pointer` (RFC 6901) finds in it, strings without their quotes;
/// empty when there is nothing.
std::string json_at(std::string_view document, std::string_view pointer);

/// Checks that a status is one that exists and is not INTERNAL, and that the error fits it;
/// releases the error. @return the status
tasker_status settle(tasker_status status, tasker_error*& error);
/// As settle; the status has to be OK or among `allowed`.
tasker_status settle(tasker_status status, tasker_error*& error,
                     std::initializer_list<tasker_status> allowed);
/// The text of a buffer, one JSON document, or empty when the buffer is; releases the buffer.
std::string take_json(tasker_buffer& buffer);

/// The folder of this process, in memory where there is such a file system; removed at the end.
const std::filesystem::path& folder();
/// Removes what is in folder().
void clear_folder();

/// An input for a configuration with nothing in it that leads out of the current folder, which
/// becomes folder().
std::string tame_paths(std::string_view input);

/// Replaces each `$0` to `$9` by that element of `values`.
std::string fill_in(std::string_view input, const std::vector<std::string>& values);

/// The first `count` lines of `input`, missing ones empty; the last one has what is left.
std::vector<std::string> lines_of(std::string_view input, std::size_t count);

/// What `rig` holds, made of `arguments` when there is nothing yet and anew when that is worn.
template <class T, class... Arguments>
T& unworn(std::unique_ptr<T>& rig, Arguments... arguments) {
  folder();  // made before the rig, so that it is removed after it
  if (rig == nullptr || rig->is_worn()) {
    rig.reset();  // before the next one, which takes its folder
    rig = std::make_unique<T>(arguments...);
  }
  return *rig;
}

/// A worker on a fresh store with the template `fuzz/one_step:1.0.0`.
class Rig {
 public:
  /// Worn out and made anew after this many uses, so that the store stays small.
  static constexpr std::uint32_t kUsesMax = 20'000;

  /// @param started  whether it claims steps
  explicit Rig(bool started);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  tasker_worker* worker() const { return worker_; }
  void count_use(std::uint32_t uses = 1) { uses_ += uses; }
  bool is_worn() const { return uses_ >= kUsesMax; }

  /// Creates `count` tasks of the template; their UUIDs.
  std::vector<std::string> create_tasks(std::uint32_t count);

 private:
  tasker_worker* worker_ = nullptr;
  std::uint32_t uses_ = 0;
};

/// A step that was polled and not completed.
struct OpenStep {
  std::string event_id;
  std::string step_uuid;
};

/// Steps of a started rig that are open.
class OpenSteps {
 public:
  explicit OpenSteps(std::size_t count);

  tasker_worker* worker() const { return rig_->worker(); }
  const OpenStep& operator[](std::size_t index) const { return steps_[index]; }
  std::size_t size() const { return steps_.size(); }
  /// How many events the library counts as dispatched and not completed.
  std::size_t count_open() const;
  /// The event can not be completed, because it has ended.
  void require_gone(std::size_t index) const;
  /// Ends those that are open and takes others.
  void renew();
  /// One more task was made, whose step will be polled before those of later ones.
  void expect_one() { ++waiting_; }
  /// The step goes on under another event, which is the next to be polled.
  void follow(std::size_t index, std::string_view event_id);

 private:
  void fill();
  OpenStep next();
  OpenStep poll();
  tasker_status complete_event(std::string_view id) const;

  std::unique_ptr<Rig> rig_;
  std::vector<OpenStep> steps_;
  std::uint32_t waiting_ = 0;  // tasks that were created and whose step was not polled
};

/// A rig with a port to its bus, and a subscription to everything that is published there.
class BusRig : public Rig {
 public:
  BusRig();
  std::uint64_t bus() const { return bus_; }
  std::uint64_t subscription() const { return subscription_; }

 private:
  std::uint64_t bus_ = 0;
  std::uint64_t subscription_ = 0;
};

/// Rigs that live as long as the process, made anew when they are worn.
Rig& idle_rig();
BusRig& bus_rig();

}  // namespace tasker::fuzz
