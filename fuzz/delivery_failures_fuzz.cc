// tasker_worker_fail_delivery: any failure, of a delivery that is out. A refused one leaves it out;
// an accepted one ends it, and the event is dead, since it had one attempt.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

/// A started worker with a subscriber of what its steps publish.
class Deliveries {
 public:
  Deliveries() {
    constexpr std::string_view kSubscription =
        R"({"subscriber":"fuzz","events":["*"],"max_attempts":1,"timeout_ms":86400000})";
    tasker_error* error = nullptr;
    fuzz::settle(tasker_worker_subscribe_domain_events(steps_.worker(), kSubscription.data(),
                                                       kSubscription.size(), &error),
                 error, {});
    renew();
  }

  tasker_worker* worker() const { return steps_.worker(); }
  const std::string& id() const { return id_; }
  /// Before the steps are, whose next worker would have no subscriber.
  bool is_worn() const { return uses_ >= fuzz::Rig::kUsesMax / 2; }

  /// Ends a step, which publishes, and takes the event.
  void renew() {
    ++uses_;
    steps_.renew();
    tasker_error* error = nullptr;
    for (id_.clear(); id_.empty();) {
      fuzz::settle(tasker_worker_wait(worker(), 20'000, &error), error, {});
      tasker_buffer deliveries = TASKER_BUFFER_INIT;
      fuzz::settle(tasker_worker_poll_deliveries(worker(), 1, &deliveries, &error), error, {});
      id_ = fuzz::json_at(fuzz::take_json(deliveries), "/0/delivery_id");
    }
  }

 private:
  fuzz::OpenSteps steps_{1};
  std::string id_;
  std::uint32_t uses_ = 0;
};

tasker_status fail_delivery(const Deliveries& deliveries, std::string_view failure) {
  tasker_error* error = nullptr;
  return fuzz::settle(
      tasker_worker_fail_delivery(deliveries.worker(), deliveries.id().data(),
                                  deliveries.id().size(), failure.data(), failure.size(), &error),
      error,
      {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE,
       TASKER_ERR_UNKNOWN_EVENT});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<Deliveries> kept;
  Deliveries& deliveries = fuzz::unworn(kept);
  const std::string_view failure = fuzz::text_of(data, size);
  const tasker_status status = fail_delivery(deliveries, failure);
  fuzz::require(status != TASKER_ERR_UNKNOWN_EVENT, "a delivery that is out is not known");
  if (status != TASKER_OK) return 0;
  if (!failure.empty()) fuzz::require_json(failure, "a failure that was taken");
  fuzz::require(fail_delivery(deliveries, "{}") == TASKER_ERR_UNKNOWN_EVENT,
                "a delivery that has ended was failed once more");
  deliveries.renew();
  return 0;
}
