#include "serve/entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/serve_probe.h"

namespace refrain::serve {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using test::ScriptedProducer;

struct EntriesTest : testing::Test {
  NewEntry entry_of(const std::string& question, const std::string& answer) {
    chat::Flight flight(10000);
    ScriptedProducer::answer(flight, answer);
    NewEntry entry;
    entry.request = probe.ask_of(question).request;
    entry.answer = *flight.answer();
    return entry;
  }
  std::vector<key::EntryId> insert(const std::string& question, const std::string& answer,
                                   const key::Tenant& who = {.id = "t"}) {
    probe.embedder.set(question, 1.0F);
    return *entries.insert({}, who, {entry_of(question, answer)});
  }
  std::size_t invalidate(store::Filter filter, Entries::Run run = Entries::Run::real,
                         const key::Tenant& who = {.id = "t"}) {
    return *entries.invalidate({}, who, std::move(filter), run);
  }
  std::size_t listed(const key::Tenant& who) {
    return entries.list({}, who, {.filter = {.everything = true}})->entries.size();
  }

  test::ServeProbe probe;
  Entries entries{*probe.cache, probe.serving()};
  key::Tenant tenant{.id = "t"}, stranger{.id = "s"}, admin{.id = "root", .admin = true};
};

TEST_F(EntriesTest, WhatIsInsertedAnswersExactlyAndByMeaning) {
  insert("a", "of a");
  probe.embedder.set("near", 0.95F);
  EXPECT_EQ(probe.see("a").text, "of a");
  EXPECT_EQ(probe.see("near").head.tier, "semantic");
  EXPECT_EQ(probe.model.count(), 0U);
}

TEST_F(EntriesTest, AnEntryIsShownWithItsTextsAndWithoutItsBytes) {
  key::EntryId id = insert("a", "of a").front();
  EntryView view = *entries.show({}, tenant, id);
  EXPECT_EQ(view.question, "a");
  EXPECT_EQ(view.answer, "of a");
  EXPECT_EQ(view.record.model, "m");
  EXPECT_TRUE(view.record.canonical.empty());
  EXPECT_TRUE(view.record.vector.empty());
}

TEST_F(EntriesTest, ATenantSeesItsOwnEntriesOnlyAndAnAdminAll) {
  key::EntryId id = insert("a", "x").front();
  insert("b", "y", stranger);
  EXPECT_EQ(listed(tenant), 1U);
  EXPECT_EQ(listed(admin), 2U);
  EXPECT_EQ(entries.show({}, stranger, id).error().code, base::Code::not_found);
  EXPECT_TRUE(entries.show({}, admin, id));
}

TEST_F(EntriesTest, ATenantCannotInvalidateAnothersEntries) {
  key::EntryId id = insert("a", "x").front();
  EXPECT_EQ(invalidate({.ids = {id}}, Entries::Run::real, stranger), 0U);
  EXPECT_EQ(invalidate({.everything = true, .tenant = "t"}, Entries::Run::real, stranger), 0U);
  EXPECT_TRUE(entries.show({}, tenant, id));
}

TEST_F(EntriesTest, ADryRunOnlyCounts) {
  insert("a", "x");
  insert("b", "y");
  EXPECT_EQ(invalidate({.model = "m"}, Entries::Run::dry), 2U);
  EXPECT_EQ(invalidate({.model = "m"}), 2U);
  EXPECT_EQ(listed(tenant), 0U);
  EXPECT_EQ(probe.see("a").outcome, Outcome::miss);
}

TEST_F(EntriesTest, InvalidatingForgetsWhatIsNotOnTheDiskYet) {
  probe.embedder.set("a", 1.0F);
  probe.see("b");  // unknown to the embedder: written without a vector, from a look-up thread
  EXPECT_EQ(invalidate({.everything = true}), 1U);
  EXPECT_EQ(probe.see("b").outcome, Outcome::miss);
}

TEST_F(EntriesTest, AScopeThatTheTenantMayNotNameIsRefused) {
  NewEntry entry = entry_of("a", "x");
  entry.scope = key::ScopeKind::global;
  auto refused = entries.insert({}, tenant, {entry});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("'global' is not allowed"));
  probe.embedder.set("a", 1.0F);
  EXPECT_TRUE(entries.insert({}, admin, {entry}));
}

TEST_F(EntriesTest, AUserScopeWantsAUser) {
  NewEntry entry = entry_of("a", "x");
  entry.scope = key::ScopeKind::user;
  EXPECT_THAT(entries.insert({}, tenant, {entry}).error().what, HasSubstr("needs a 'user'"));
}

TEST_F(EntriesTest, OneBadEntryKeepsAllOut) {
  NewEntry bad = entry_of("b", "y");
  bad.scope = key::ScopeKind::user;
  EXPECT_FALSE(entries.insert({}, tenant, {entry_of("a", "x"), bad}));
  EXPECT_EQ(listed(tenant), 0U);
}

TEST_F(EntriesTest, TagsAndTimeAreKept) {
  probe.embedder.set("a", 1.0F);
  NewEntry entry = entry_of("a", "x");
  entry.tags = {"faq"};
  entry.ttl = 60s;
  ASSERT_TRUE(entries.insert({}, tenant, {entry}));
  auto page = entries.list({}, tenant, {.filter = {.tag = "faq"}});
  ASSERT_EQ(page->entries.size(), 1U);
  const store::Record& record = page->entries[0].record;
  EXPECT_EQ(*record.expires - record.stored, 60s);
}

TEST_F(EntriesTest, AListGoesOnWhereItEnded) {
  for (const char* text : {"a", "b", "c"}) insert(text, "x");
  auto first = entries.list({}, tenant, {.limit = 2, .filter = {.everything = true}});
  ASSERT_EQ(first->entries.size(), 2U);
  ASSERT_TRUE(first->next);
  auto rest = entries.list(
      {}, tenant, {.after = *first->next, .limit = 2, .filter = {.everything = true}});
  EXPECT_EQ(rest->entries.size(), 1U);
}

}  // namespace
}  // namespace refrain::serve
