#include "core/worker/domain_event.h"

#include <gtest/gtest.h>

#include "core/base/json.h"
#include "core/worker/domain_event_ring.h"

namespace tasker::worker {
namespace {

base::Uuid id(std::uint8_t last) {
  base::Uuid uuid;
  uuid.bytes[0] = 0x01;
  uuid.bytes[15] = last;
  return uuid;
}

std::shared_ptr<Publication> publication() {
  auto compiled = std::make_shared<engine::CompiledTemplate>();
  compiled->stored.uuid = id(0x10);
  model::TaskTemplate& body = compiled->stored.body;
  body.namespace_name = "logistics";
  body.name = "intake";
  body.version = "1.0.0";
  model::StepTemplate step;
  step.name = "register";
  step.handler.callable = "Register";
  step.publishes_events.resize(2);
  step.publishes_events[0].name = "parcel.registered";
  step.publishes_events[1].name = "parcel.weighed";
  body.steps = {step};
  auto task = std::make_shared<store::TaskHeader>();
  task->uuid = id(0x20);
  task->correlation_id = id(0x30);
  task->context_json = "{}";
  auto made = std::make_shared<Publication>();
  made->step.event_id = id(0x40);
  made->step.compiled = std::move(compiled);
  made->step.task = std::move(task);
  made->result_json = R"({"parcel_id":"p-1"})";
  made->document_json = R"({"success":true})";
  return made;
}

std::string text(const std::shared_ptr<const Publication>& of, std::uint32_t declaration,
                 DomainEventForm form = DomainEventForm::kInProcess) {
  const model::StepTemplate& step = of->step.compiled->stored.body.steps[0];
  const model::PublishedEvent& declared = step.publishes_events[declaration];
  std::string out;
  append_domain_event_json(out,
                           {id(0x50), of, declared.name, std::string(publisher_of(step, &declared)),
                            "", 1'771'239'845'123'456},
                           form);
  EXPECT_TRUE(base::check_json(out, "event"));
  return out;
}

TEST(DomainEvent, HasTheShapeOfTheContract) {
  const auto of = publication();
  std::string sequence_step;
  append_task_sequence_step_json(sequence_step, of->step);
  const std::string step_uuid = base::derive_uuid(id(0x20), 0).text();
  EXPECT_EQ(
      text(of, 0),
      R"({"eventId":")" + id(0x50).text() +
          R"(","eventName":"parcel.registered","eventVersion":"1.0","metadata":{"taskUuid":")" +
          id(0x20).text() + R"(","stepUuid":")" + step_uuid +
          R"(","stepName":"register","namespace":"logistics","correlationId":")" + id(0x30).text() +
          R"(","firedAt":"2026-02-16T11:04:05.123456000+00:00",)"
          R"("firedBy":"DefaultDomainEventPublisher"},"payload":{"task_sequence_step":)" +
          sequence_step +
          R"(,"execution_result":{"success":true},"payload":{"parcel_id":"p-1"}}})");
  EXPECT_EQ(sequence_step.find(R"({"task":{"task_uuid":)"), 0U);
  for (const char* member :
       {R"("workflow_step":{)", R"("step_definition":{)", R"("dependency_results":{)"})
    EXPECT_NE(sequence_step.find(member), std::string::npos) << member;
}

TEST(DomainEvent, ItsDurableFormIsTheSameInSnakeCase) {
  std::string expected = text(publication(), 0);
  for (const auto& [camel, snake] :
       std::vector<std::pair<std::string, std::string>>{{"eventId", "event_id"},
                                                        {"eventName", "event_name"},
                                                        {"eventVersion", "event_version"},
                                                        {"taskUuid", "task_uuid"},
                                                        {"stepUuid", "step_uuid"},
                                                        {"stepName", "step_name"},
                                                        {"correlationId", "correlation_id"},
                                                        {"firedAt", "fired_at"},
                                                        {"firedBy", "fired_by"}}) {
    const std::size_t at = expected.find('"' + camel + '"');
    ASSERT_NE(at, std::string::npos) << camel;
    expected.replace(at, camel.size() + 2, '"' + snake + '"');
  }
  EXPECT_EQ(text(publication(), 0, DomainEventForm::kDurable), expected);
}

TEST(DomainEvent, APayloadOfItsOwnStandsForTheResult) {
  std::string out;
  append_domain_event_json(out, {id(0x50), publication(), "a.b", "P", R"({"own":1})", 1});
  EXPECT_NE(out.find(R"("payload":{"own":1}}})"), std::string::npos) << out;
}

TEST(DomainEvent, ThePublisherIsItsOwnElseThatOfTheFirstEvent) {
  const auto fired_by = [](std::optional<std::string> first, std::optional<std::string> second) {
    auto of = publication();
    auto compiled = std::make_shared<engine::CompiledTemplate>(*of->step.compiled);
    auto& events = compiled->stored.body.steps[0].publishes_events;
    events[0].publisher = std::move(first);
    events[1].publisher = std::move(second);
    of->step.compiled = std::move(compiled);
    const std::string whole = text(of, 1);
    const std::size_t at = whole.find(R"("firedBy":")") + 11;
    return whole.substr(at, whole.find('"', at) - at);
  };
  EXPECT_EQ(fired_by({}, {}), "DefaultDomainEventPublisher");
  EXPECT_EQ(fired_by("Audit::Log", {}), "Audit::Log");
  EXPECT_EQ(fired_by("Audit::Log", "Billing"), "Billing");
  EXPECT_EQ(fired_by({}, "Billing"), "Billing");
}

std::vector<DomainEvent> events(std::size_t count, std::uint32_t first) {
  std::vector<DomainEvent> made(count);
  for (DomainEvent& event : made) event.fired_at_us = first++;
  return made;
}

TEST(DomainEventRing, KeepsTheOrderAndAnnouncesOnceUntilItWasEmptied) {
  DomainEventRing ring;
  EXPECT_FALSE(ring.is_kept());
  ring.keep();
  EXPECT_TRUE(ring.is_kept());
  EXPECT_FALSE(ring.add({}).announce);
  EXPECT_TRUE(ring.add(events(2, 0)).announce);
  EXPECT_FALSE(ring.add(events(1, 2)).announce);
  EXPECT_EQ(ring.poll(2).at(1).fired_at_us, 1);
  EXPECT_FALSE(ring.add(events(1, 3)).announce) << "one is left";
  EXPECT_TRUE(ring.announce_again());
  EXPECT_EQ(ring.poll(5).size(), 2U);
  EXPECT_FALSE(ring.announce_again());
  EXPECT_TRUE(ring.add(events(1, 4)).announce);
  EXPECT_EQ(ring.poll(0).size(), 0U);
  EXPECT_FALSE(ring.add(events(1, 5)).announce);
}

TEST(DomainEventRing, ASlowReaderLosesTheOldestAndIsToldOnce) {
  DomainEventRing ring;
  EXPECT_EQ(ring.add(events(DomainEventRing::kEventsMax, 0)).dropped, 0U);
  const auto first = ring.add(events(2, 2'000));
  EXPECT_EQ(first.dropped, 2U);
  EXPECT_TRUE(first.first_dropped);
  EXPECT_FALSE(ring.add(events(1, 2'002)).first_dropped);
  const auto kept = ring.poll(5'000);
  ASSERT_EQ(kept.size(), DomainEventRing::kEventsMax);
  EXPECT_EQ(kept.front().fired_at_us, 3);
  EXPECT_EQ(kept.back().fired_at_us, 2'002);
  EXPECT_TRUE(ring.add(events(DomainEventRing::kEventsMax + 1, 0)).first_dropped) << "anew";
}

}  // namespace
}  // namespace tasker::worker
