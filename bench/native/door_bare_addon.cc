// The bare door as a Node-API addon, the clock that all door benchmarks read, and a bare wake-up.
#include <node_api.h>
#include <simdjson.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "bench/native/door_bare.h"
#include "bench/native/door_event.h"
#include "bench/native/output.h"
#include "core/base/random.h"

namespace tasker::bench {
namespace {

constexpr std::int64_t kPauseShortestUs = 3'000;
constexpr std::uint64_t kPauseSpreadUs = 10'000;
constexpr std::size_t kTextMax = std::size_t{1} << 20;

void must(napi_status status, std::string_view what) {
  if (status != napi_ok) die("bare addon", what);
}

struct Bare {
  BareDoor door;
  std::string text = std::string(kTextMax, '\0');
  simdjson::dom::parser parser;
  simdjson::dom::element event;  // parsed once, so that building objects is all that poll does
  std::int64_t seq = 0;
  napi_threadsafe_function wakeup = nullptr;
  std::thread waker;
};

struct Arguments {
  Arguments(napi_env env, napi_callback_info info) {
    must(napi_get_cb_info(env, info, &count, values, nullptr, &data), "arguments");
  }
  Bare& bare() const { return *static_cast<Bare*>(data); }

  std::size_t count = 2;
  napi_value values[2] = {};
  void* data = nullptr;
};

std::uint32_t read_number(napi_env env, napi_value value) {
  std::uint32_t number = 0;
  must(napi_get_value_uint32(env, value, &number), "expected a number");
  return number;
}

std::string_view read_text(napi_env env, napi_value value, std::string& buffer) {
  std::size_t size = 0;
  must(napi_get_value_string_utf8(env, value, buffer.data(), buffer.size(), &size),
       "expected a string");
  return {buffer.data(), size};
}

napi_value make_double(napi_env env, double number) {
  napi_value value = nullptr;
  must(napi_create_double(env, number, &value), "a number");
  return value;
}

napi_value make_text(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  must(napi_create_string_latin1(env, text.data(), text.size(), &value), "a string");
  return value;
}

napi_value number(napi_env env, napi_callback_info) {
  napi_value value = nullptr;
  must(napi_create_uint32(env, 1, &value), "a number");
  return value;
}

napi_value now_us(napi_env env, napi_callback_info) {
  return make_double(env, static_cast<double>(monotonic_us()));
}

napi_value poll(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return make_text(env, arguments.bare().door.poll(read_number(env, arguments.values[0])));
}

napi_value complete(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Bare& bare = arguments.bare();
  char id[40];
  std::size_t id_size = 0;
  must(napi_get_value_string_utf8(env, arguments.values[0], id, sizeof id, &id_size), "event id");
  bare.door.complete({id, id_size}, read_text(env, arguments.values[1], bare.text));
  return nullptr;
}

napi_value complete_many(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Bare& bare = arguments.bare();
  bare.door.complete({}, read_text(env, arguments.values[0], bare.text));
  return nullptr;
}

napi_value result_bytes(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return make_double(env, static_cast<double>(arguments.bare().door.result_bytes()));
}

napi_value build(napi_env env, simdjson::dom::element element);

napi_value build_object(napi_env env, simdjson::dom::object members) {
  napi_value object = nullptr;
  must(napi_create_object(env, &object), "an object");
  for (const auto [name, value] : members)
    must(napi_set_named_property(env, object, name.data(), build(env, value)), "a member");
  return object;
}

napi_value build_array(napi_env env, simdjson::dom::array elements) {
  napi_value array = nullptr;
  must(napi_create_array_with_length(env, elements.size(), &array), "an array");
  std::uint32_t index = 0;
  for (const auto element : elements)
    must(napi_set_element(env, array, index++, build(env, element)), "an element");
  return array;
}

napi_value build(napi_env env, simdjson::dom::element element) {
  napi_value value = nullptr;
  switch (element.type()) {
    case simdjson::dom::element_type::OBJECT:
      return build_object(env, element.get_object().value_unsafe());
    case simdjson::dom::element_type::ARRAY:
      return build_array(env, element.get_array().value_unsafe());
    case simdjson::dom::element_type::STRING:
      return make_text(env, element.get_string().value_unsafe());
    case simdjson::dom::element_type::BOOL:
      must(napi_get_boolean(env, element.get_bool().value_unsafe(), &value), "a flag");
      return value;
    case simdjson::dom::element_type::NULL_VALUE:
      must(napi_get_null(env, &value), "null");
      return value;
    default:
      return make_double(env, element.get_double().value_unsafe());
  }
}

/// As poll, but the array and its events are built here, member by member.
napi_value poll_objects(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Bare& bare = arguments.bare();
  const std::uint32_t count = read_number(env, arguments.values[0]);
  napi_value array = nullptr;
  must(napi_create_array_with_length(env, count, &array), "an array");
  for (std::uint32_t i = 0; i < count; ++i) {
    const napi_value event = build(env, bare.event);
    // In the place of the digits that poll writes into its text.
    must(napi_set_named_property(env, event, "seq",
                                 make_double(env, static_cast<double>(++bare.seq))),
         "seq");
    must(napi_set_element(env, array, i, event), "an element");
  }
  return array;
}

void call_wakeup(napi_env env, napi_value callback, void*, void* data) {
  const std::unique_ptr<std::int64_t> stamp_us(static_cast<std::int64_t*>(data));
  if (!env) return;
  napi_value undefined = nullptr;
  must(napi_get_undefined(env, &undefined), "undefined");
  const napi_value stamp = make_double(env, static_cast<double>(*stamp_us));
  // A callback that throws ends the measurement by itself.
  (void)napi_call_function(env, undefined, callback, 1, &stamp, nullptr);
}

/// wakeups(count, callback): a thread calls `callback(stamp_us)` `count` times, 3 to 13 ms apart.
napi_value wakeups(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Bare& bare = arguments.bare();
  const std::uint32_t count = read_number(env, arguments.values[0]);
  must(napi_create_threadsafe_function(env, arguments.values[1], nullptr, make_text(env, "wakeups"),
                                       0, 1, nullptr, nullptr, nullptr, call_wakeup, &bare.wakeup),
       "a threadsafe function");
  if (bare.waker.joinable()) bare.waker.join();
  bare.waker = std::thread([wakeup = bare.wakeup, count] {
    base::Random random(1);
    for (std::uint32_t i = 0; i < count; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(
          kPauseShortestUs + static_cast<std::int64_t>(random.below(kPauseSpreadUs))));
      auto stamp_us = std::make_unique<std::int64_t>(monotonic_us());
      must(napi_call_threadsafe_function(wakeup, stamp_us.release(), napi_tsfn_nonblocking),
           "a wake-up");
    }
    (void)napi_release_threadsafe_function(wakeup, napi_tsfn_release);
  });
  return nullptr;
}

void finalize(napi_env, void* data, void*) {
  const std::unique_ptr<Bare> bare(static_cast<Bare*>(data));
  if (bare->waker.joinable()) bare->waker.join();
}

napi_value init(napi_env env, napi_value exports) {
  auto bare = std::make_unique<Bare>();
  if (bare->parser.parse(door_event_json(1)).get(bare->event) != simdjson::SUCCESS)
    die("bare addon", "the step event is not JSON");
  const auto function = [&](const char* name, napi_callback callback) {
    return napi_property_descriptor{name,    nullptr, callback,        nullptr,
                                    nullptr, nullptr, napi_enumerable, bare.get()};
  };
  const napi_property_descriptor properties[] = {
      function("number", number),
      function("nowUs", now_us),
      function("poll", poll),
      function("complete", complete),
      function("completeMany", complete_many),
      function("resultBytes", result_bytes),
      function("pollObjects", poll_objects),
      function("wakeups", wakeups),
  };
  must(napi_define_properties(env, exports, std::size(properties), properties), "functions");
  must(napi_set_instance_data(env, bare.release(), finalize, nullptr), "instance data");
  return exports;
}

}  // namespace
}  // namespace tasker::bench

// Opened by the same small door as the addon proper (doors/node/entry.cc says why).
extern "C" __attribute__((visibility("default"))) napi_value tasker_node_init(napi_env env,
                                                                              napi_value exports) {
  return tasker::bench::init(env, exports);
}
