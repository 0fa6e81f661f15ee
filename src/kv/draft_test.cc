#include "kv/draft.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/kv_store.h"

namespace refrain::kv {
namespace {

std::size_t files_in(const std::string& folder) {
  std::size_t out = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    out += entry.is_regular_file() ? 1 : 0;
  }
  return out;
}

TEST(KvDraft, OnlyWhatIsNotKeptYetIsWanted) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 32)));
  auto draft = probe.store().begin(StoreProbe::prompt(tokens_from(0, 50)));
  ASSERT_TRUE(draft);
  ASSERT_EQ(draft->wanted().size(), 2U);
  EXPECT_EQ(draft->wanted()[0].first, 32U);
  EXPECT_EQ(draft->wanted()[0].tokens, 16U);
  EXPECT_EQ(draft->wanted()[1].tokens, 2U);
}

TEST(KvDraft, APrefixOfWhatIsKeptNeedsNothingNew) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 32)));
  auto draft = probe.store().begin(StoreProbe::prompt(tokens_from(0, 21), "short"));
  EXPECT_TRUE(draft->wanted().empty());
  auto object = probe.store().publish({}, std::move(*draft));
  ASSERT_TRUE(object);
  EXPECT_EQ((*object)->tokens, 21U);
}

TEST(KvDraft, APartialBlockIsReplacedByTheWholeOne) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 20)));
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  EXPECT_EQ(probe.store().stats().blocks, 3U);
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
}

TEST(KvDraft, APartialBlockOfAnObjectStays) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 20), "n"));
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  EXPECT_EQ(probe.store().stats().blocks, 4U);
  EXPECT_TRUE(probe.store().find("t", "n"));
}

TEST(KvDraft, NobodySeesADraftAndNothingRemainsOfIt) {
  StoreProbe probe;
  {
    auto draft = probe.store().begin(StoreProbe::prompt(tokens_from(0, 32), "n"));
    SampleRows rows(tokens_from(0, 16), 0);
    ASSERT_TRUE(draft->write(rows.layers));
    EXPECT_EQ(files_in(probe.store().incoming()), 1U);
    EXPECT_EQ(probe.common(tokens_from(0, 32)), 0U);
    EXPECT_EQ(probe.store().publish({}, std::move(*draft)).error().what,
              "1 of 2 blocks were written");
  }
  EXPECT_EQ(files_in(probe.store().incoming()), 0U);
  EXPECT_FALSE(probe.store().find("t", "n"));
}

TEST(KvDraft, TwoWhoPublishTheSameShareIt) {
  StoreProbe probe;
  auto first = probe.store().begin(StoreProbe::prompt(tokens_from(0, 16), "a"));
  auto second = probe.store().begin(StoreProbe::prompt(tokens_from(0, 16), "b"));
  SampleRows rows(tokens_from(0, 16), 0);
  ASSERT_TRUE(first->write(rows.layers));
  ASSERT_TRUE(second->write(rows.layers));
  ASSERT_TRUE(probe.store().publish({}, std::move(*first)));
  ASSERT_TRUE(probe.store().publish({}, std::move(*second)));
  EXPECT_EQ(probe.store().stats().blocks, 1U);
  ASSERT_TRUE(probe.store().erase("t", "a"));
  EXPECT_EQ(probe.checked(tokens_from(0, 16)), 16U);
}

TEST(KvDraft, RowsThatDoNotFitAreRefused) {
  StoreProbe probe;
  auto draft = probe.store().begin(StoreProbe::prompt(tokens_from(0, 16)));
  SampleRows rows(tokens_from(0, 15), 0);
  EXPECT_EQ(draft->write(rows.layers).error().code, base::Code::invalid);
  EXPECT_EQ(draft->write(std::span(rows.layers).first(1)).error().what,
            "rows of 1 layers, the model has 2");
  SampleRows good(tokens_from(0, 16), 0);
  ASSERT_TRUE(draft->write(good.layers));
  EXPECT_EQ(draft->write(good.layers).error().what, "all 1 blocks were written");
}

TEST(KvDraft, PromptsThatMakeNoSenseAreRefusedWithTheReason) {
  StoreProbe probe;
  auto what = [&](const NewPrompt& prompt) { return probe.store().begin(prompt).error().what; };
  EXPECT_EQ(what(StoreProbe::prompt({})), "a prompt without tokens has no KV");
  EXPECT_EQ(what(StoreProbe::prompt({1}, "../x")), "the name '../x' begins with a dot");
  NewPrompt odd = StoreProbe::prompt({1, 2});
  odd.positions = {0, 5};
  EXPECT_EQ(what(odd), "exact KV has the positions 0, 1, 2, ...");
  NewPrompt borrowed = StoreProbe::prompt({1, 2});
  borrowed.provenance = Provenance::borrowed;
  EXPECT_EQ(what(borrowed), "approximate KV needs a name: it is never found by its tokens");
}

TEST(KvDraft, ApproximateKvIsNotFoundAsExactNorShared) {
  StoreProbe probe;
  NewPrompt borrowed = StoreProbe::prompt(tokens_from(0, 16), "a");
  borrowed.provenance = Provenance::borrowed;
  borrowed.lineage = {"donor"};
  ASSERT_TRUE(probe.keep(borrowed));
  borrowed.name = "b";
  ASSERT_TRUE(probe.keep(borrowed));
  EXPECT_EQ(probe.common(tokens_from(0, 16)), 0U);
  EXPECT_EQ(probe.store().stats().blocks, 2U);
  auto manifest = probe.store().manifest(probe.store().find("t", "a")->id);
  EXPECT_EQ(manifest->lineage, std::vector<std::string>{"donor"});
  EXPECT_EQ(manifest->provenance, Provenance::borrowed);
}

TEST(KvDraft, AnObjectOverItsLimitIsTooLarge) {
  StoreProbe probe({.object_bytes_max = 1000});
  auto refused = probe.store().begin(StoreProbe::prompt(tokens_from(0, 16)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::too_large);
}

}  // namespace
}  // namespace refrain::kv
