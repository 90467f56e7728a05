// Ports to a worker's event bus, as the C ABI numbers them, each with its own news.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/worker/bus_port.h"
#include "doors/c/news.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

/// Threads: any, several at once.
class BusSide {
 public:
  explicit BusSide(std::shared_ptr<worker::BusPort> port);
  ~BusSide() { close(); }
  BusSide(const BusSide&) = delete;
  BusSide& operator=(const BusSide&) = delete;

  worker::BusPort& port() { return *port_; }
  News& news() { return news_; }

  /// As tasker_bus_poll. Throws bad_alloc, and what was taken stays for the next poll.
  void poll(std::size_t max, std::uint64_t subscription, tasker_buffer* out)
      TASKER_EXCLUDES(mutex_);
  /// Waits, own publishes' ones too, end.
  void shut();
  /// shut(), and waits for a callback under way. Idempotent.
  void close();

 private:
  bool has_news();

  const std::shared_ptr<worker::BusPort> port_;
  base::Mutex mutex_;
  std::string undelivered_ TASKER_GUARDED_BY(mutex_);
  News news_;
};

/// Those of one worker. Threads: any, several at once.
class BusSides {
 public:
  /// FULL, CLOSED.
  base::Result<std::uint64_t> add(std::shared_ptr<BusSide> side);
  /// NOT_FOUND.
  base::Result<std::shared_ptr<BusSide>> find(std::uint64_t number) const;
  void remove(std::uint64_t number);

  bool inside_callback() const;
  /// All are shut, and no more are added.
  void shut();
  void close();

 private:
  using Sides = std::map<std::uint64_t, std::shared_ptr<BusSide>>;

  mutable base::Mutex mutex_;
  Sides sides_ TASKER_GUARDED_BY(mutex_);
  std::uint64_t last_ TASKER_GUARDED_BY(mutex_) = 0;
  bool shut_ TASKER_GUARDED_BY(mutex_) = false;
};

}  // namespace tasker::c
