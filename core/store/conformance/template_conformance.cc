// Templates: kept as given, by revision, and their handlers interned.
#include <set>

#include "core/model/template_json.h"
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using base::ErrorCode;

/// A template that uses every member.
model::TaskTemplate rich_template() {
  model::TaskTemplate body = make_template("rich", {{"load"}, {"render", {"load"}, "render_all"}});
  body.description = "Zeilen\nmit \"Anführung\", \\ und 🛫";
  body.default_context_json = R"({"depth":{"of":[1,2,null]},"nul":"a\u0000b"})";
  body.input_schema_json = R"({"type":"object"})";
  body.carried_json = R"({"metadata":{"owner":"ops"}})";
  model::StepTemplate& load = body.steps[0];
  load.description = "reads";
  load.handler.method = "process";
  load.handler.resolver = "explicit";
  load.handler.initialization_json = R"({"url":"file"})";
  load.system_dependency = "files";
  load.retry.retryable = false;
  load.retry.max_attempts = 7;
  load.retry.backoff = model::Backoff::kFibonacci;
  load.retry.backoff_base_ms = 250;
  load.retry.max_backoff_ms = 9000;
  load.timeout_seconds = 30;
  load.publishes_events.push_back({.name = "loaded",
                                   .description = "rows are there",
                                   .condition = "always",
                                   .schema_json = R"({"type":"object"})",
                                   .delivery_mode = "fast",
                                   .publisher = "custom"});
  return body;
}

TEST_P(TemplateConformance, EveryMemberReadsBackAsStored) {
  const model::TaskTemplate body = rich_template();
  const Store::PutTemplate put = must(store().put_template(body, tick()));
  EXPECT_TRUE(put.changed);
  EXPECT_EQ(put.stored.revision, 1U);
  EXPECT_EQ(put.stored.created_at_us, now_us());
  EXPECT_FALSE(put.stored.uuid.is_nil());
  reopen();
  for (const StoredTemplate& stored :
       {put.stored, must(store().load_template(put.stored.id)),
        must(store().find_template("test", "rich", "1.0.0")),
        must(store().find_template("test", "rich", "")), must(store().list_templates()).at(0)}) {
    EXPECT_EQ(stored.id, put.stored.id);
    EXPECT_EQ(stored.uuid, put.stored.uuid);
    EXPECT_EQ(stored.revision, 1U);
    EXPECT_EQ(stored.created_at_us, put.stored.created_at_us);
    EXPECT_EQ(stored.handler_of_step, put.stored.handler_of_step);
    EXPECT_EQ(model::template_to_json(stored.body), model::template_to_json(body));
  }
}

TEST_P(TemplateConformance, TheSameContentAgainChangesNothing) {
  const Store::PutTemplate first = must(store().put_template(rich_template(), tick()));
  const Store::PutTemplate second = must(store().put_template(rich_template(), tick()));
  EXPECT_FALSE(second.changed);
  EXPECT_EQ(second.stored.id, first.stored.id);
  EXPECT_EQ(second.stored.uuid, first.stored.uuid);
  EXPECT_EQ(second.stored.revision, 1U);
  EXPECT_EQ(second.stored.created_at_us, first.stored.created_at_us);
  EXPECT_EQ(second.stored.handler_of_step, first.stored.handler_of_step);
}

TEST_P(TemplateConformance, ChangedContentIsANewRevisionAndTheOldOneStays) {
  const model::TaskTemplate old_body = rich_template();
  const Store::PutTemplate first = must(store().put_template(old_body, tick()));
  model::TaskTemplate new_body = old_body;
  new_body.steps[1].handler.callable = "render_more";
  const Store::PutTemplate second = must(store().put_template(new_body, tick()));
  EXPECT_TRUE(second.changed);
  EXPECT_EQ(second.stored.revision, 2U);
  EXPECT_NE(second.stored.id, first.stored.id);
  EXPECT_EQ(must(store().find_template("test", "rich", "1.0.0")).id, second.stored.id);
  const StoredTemplate old = must(store().load_template(first.stored.id));
  EXPECT_EQ(old.revision, 1U);
  EXPECT_EQ(model::template_to_json(old.body), model::template_to_json(old_body));
  EXPECT_EQ(must(store().list_templates()).size(), 1U);
}

TEST_P(TemplateConformance, GoingBackToEarlierContentIsARevisionOfItsOwn) {
  const model::TaskTemplate body = rich_template();
  model::TaskTemplate other = body;
  other.description = "other";
  must(store().put_template(body, tick()));
  must(store().put_template(other, tick()));
  const Store::PutTemplate back = must(store().put_template(body, tick()));
  EXPECT_TRUE(back.changed);
  EXPECT_EQ(model::template_to_json(must(store().find_template("test", "rich", "1.0.0")).body),
            model::template_to_json(body));
}

TEST_P(TemplateConformance, ATaskKeepsTheRevisionThatItWasCreatedWith) {
  const Workflow workflow = put(rich_template());
  const model::TaskId id = create(workflow);
  model::TaskTemplate changed = rich_template();
  changed.steps.pop_back();
  put(changed);
  EXPECT_EQ(task(id).header.template_id, workflow.stored.id);
  EXPECT_EQ(must(store().load_template(task(id).header.template_id)).body.steps.size(), 2U);
}

TEST_P(TemplateConformance, AnEmptyVersionFindsTheVersionAddedLast) {
  model::TaskTemplate body = make_template("versions", {{"a"}});
  for (const char* version : {"2.0.0", "10.0.0", "1.0.0"}) {
    body.version = version;
    must(store().put_template(body, tick()));
  }
  EXPECT_EQ(must(store().find_template("test", "versions", "")).body.version, "1.0.0");
  EXPECT_EQ(must(store().find_template("test", "versions", "10.0.0")).body.version, "10.0.0");
}

TEST_P(TemplateConformance, AMissingTemplateIsNotFoundByItsKey) {
  put(rich_template());
  for (const auto& [namespace_name, name, version] :
       {std::tuple{"test", "rich", "9.9.9"}, std::tuple{"test", "poor", ""},
        std::tuple{"elsewhere", "rich", "1.0.0"}}) {
    const base::Result<StoredTemplate> found = store().find_template(namespace_name, name, version);
    ASSERT_EQ(code_of(found), ErrorCode::kNOT_FOUND);
    for (const char* part : {namespace_name, name, version}) {
      EXPECT_NE(found.error().message.find(part), std::string::npos) << found.error().message;
    }
  }
  EXPECT_EQ(code_of(store().load_template(model::TemplateId{987'654})), ErrorCode::kNOT_FOUND);
}

TEST_P(TemplateConformance, TheListIsSortedByKeyWithTheNewestRevisionOfEach) {
  for (const char* name : {"zebra", "ant", "moth"}) put(make_template(name, {{"a"}}));
  model::TaskTemplate elsewhere = make_template("zebra", {{"a"}});
  elsewhere.namespace_name = "apart";
  put(elsewhere);
  put(make_template("moth", {{"a"}, {"b", {"a"}}}));
  std::vector<std::string> keys;
  for (const StoredTemplate& stored : must(store().list_templates())) {
    keys.push_back(model::template_key(stored.body) + "#" + std::to_string(stored.revision));
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"apart/zebra:1.0.0#1", "test/ant:1.0.0#1",
                                            "test/moth:1.0.0#2", "test/zebra:1.0.0#1"}));
}

TEST_P(TemplateConformance, ACallableHasOneHandlerIdInANamespaceAndAnotherElsewhere) {
  const Workflow first =
      put(make_template("first", {{"a", {}, "x"}, {"b", {}, "y"}, {"c", {}, "x"}}));
  const Workflow second = put(make_template("second", {{"a", {}, "y"}}));
  model::TaskTemplate elsewhere = make_template("first", {{"a", {}, "x"}});
  elsewhere.namespace_name = "elsewhere";
  const Workflow third = put(elsewhere);
  EXPECT_EQ(first.handler(0), first.handler(2));
  EXPECT_NE(first.handler(0), first.handler(1));
  EXPECT_EQ(second.handler(0), first.handler(1));
  EXPECT_NE(third.handler(0), first.handler(0));

  reopen();
  std::set<std::pair<std::string, std::string>> names;
  for (const HandlerRecord& handler : must(store().list_handlers())) {
    names.emplace(handler.namespace_name, handler.callable);
    EXPECT_LE(static_cast<std::uint32_t>(handler.id), 3U) << "ids index an array";
    if (handler.namespace_name == "elsewhere") {
      EXPECT_EQ(handler.id, third.handler(0));
    }
  }
  EXPECT_EQ(names, (std::set<std::pair<std::string, std::string>>{
                       {"test", "x"}, {"test", "y"}, {"elsewhere", "x"}}));
}

TEST_P(TemplateConformance, ATemplateMayHave5000Steps) {
  std::vector<StepShape> steps{{"step0"}};
  for (std::uint32_t index = 1; index < 5000; ++index) {
    steps.push_back({"step" + std::to_string(index),
                     {"step" + std::to_string(index - 1)},
                     "callable" + std::to_string(index % 100)});
  }
  const model::TaskTemplate body = make_template("long", steps);
  const Workflow workflow = put(body);
  EXPECT_EQ(workflow.stored.handler_of_step.size(), 5000U);
  EXPECT_EQ(must(store().list_handlers()).size(), 101U);
  EXPECT_EQ(model::template_to_json(must(store().load_template(workflow.stored.id)).body),
            model::template_to_json(body));
}

TEST_P(TemplateConformance, ATemplatePutThroughOneHandleIsFoundThroughAnother) {
  const std::unique_ptr<Store> other = open_another();
  EXPECT_TRUE(must(other->list_templates()).empty());
  const Workflow here = put(rich_template());
  EXPECT_EQ(must(other->find_template("test", "rich", "")).id, here.stored.id);
  EXPECT_FALSE(must(other->put_template(rich_template(), tick())).changed);
  const Workflow there = put(*other, make_template("there", {{"a", {}, "far_away"}}));
  EXPECT_EQ(put(make_template("here", {{"a", {}, "far_away"}})).handler(0), there.handler(0));
}

}  // namespace
}  // namespace tasker::store::conformance
