# The programs of the scenarios `channel` and `event-bus`: Tasker, the limits, and the peers whose headers are installed
# (Debian: libtbb-dev, libconcurrentqueue-dev, libboost-dev, libsigc++-2.0-dev).
function(bench_events_program name source)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE CLI11::CLI11 fmt::fmt Threads::Threads ${ARGN})
endfunction()

bench_events_program(bench_channel_limit native/channel_limit.cc)
bench_events_program(bench_channel_deque native/channel_deque.cc)
bench_events_program(bench_channel_tasker native/channel_tasker.cc tasker_events)

find_package(TBB QUIET)
if(TARGET TBB::tbb)
  bench_events_program(bench_channel_tbb native/channel_tbb.cc TBB::tbb)
endif()

find_path(MOODYCAMEL_INCLUDE concurrentqueue/blockingconcurrentqueue.h)
if(MOODYCAMEL_INCLUDE)
  bench_events_program(bench_channel_moodycamel native/channel_moodycamel.cc)
  target_include_directories(bench_channel_moodycamel SYSTEM PRIVATE ${MOODYCAMEL_INCLUDE})
endif()

bench_events_program(bench_event_bus_limit native/event_bus_limit.cc)
bench_events_program(bench_event_bus_tasker native/event_bus_tasker.cc tasker_events)

find_path(BOOST_SIGNALS2_INCLUDE boost/signals2.hpp)
if(BOOST_SIGNALS2_INCLUDE)
  bench_events_program(bench_event_bus_signals2 native/event_bus_signals2.cc)
  target_include_directories(bench_event_bus_signals2 SYSTEM PRIVATE ${BOOST_SIGNALS2_INCLUDE})
endif()

pkg_check_modules(SIGCPP QUIET IMPORTED_TARGET sigc++-2.0)
if(TARGET PkgConfig::SIGCPP)
  bench_events_program(bench_event_bus_sigcpp native/event_bus_sigcpp.cc PkgConfig::SIGCPP)
endif()
