#include "engine/memory_blocks.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Tokens = std::vector<TokenId>;

constexpr std::size_t kTokenBytes = 10;

Tokens count(int from, int to) {
  Tokens out(static_cast<std::size_t>(to - from));
  std::iota(out.begin(), out.end(), from);
  return out;
}

std::shared_ptr<const llama::Rows> rows(Span span) {
  return std::make_shared<llama::Rows>(llama::Rows{static_cast<std::int32_t>(span.first),
                                                   span.tokens,
                                                   std::string(span.tokens * kTokenBytes, 'r')});
}

class MemoryBlocksTest : public testing::Test {
 protected:
  // Keeps the prompt; returns what had to be written.
  std::vector<Span> keep(const Tokens& tokens, const char* realm = "a") {
    auto draft = blocks_.begin({.realm = realm, .tokens = tokens});
    EXPECT_TRUE(draft);
    std::vector<Span> wanted((*draft)->wanted().begin(), (*draft)->wanted().end());
    for (const Span& span : wanted) EXPECT_TRUE((*draft)->write(rows(span)));
    EXPECT_TRUE((*draft)->publish({}));
    return wanted;
  }
  std::size_t found(const Tokens& tokens, const char* realm = "a") {
    auto match = blocks_.find(realm, tokens);
    if (!match) return 0;
    const Piece& last = match->pieces().back();
    return last.span.first + last.usable;
  }
  MemoryBlocks blocks_{{.block_tokens = 4, .bytes_max = 16 * kTokenBytes}};
};

TEST_F(MemoryBlocksTest, AKeptPromptIsFoundToItsLastToken) {
  EXPECT_THAT(keep(count(0, 10)), ElementsAre(Span{0, 4}, Span{4, 4}, Span{8, 2}));
  EXPECT_EQ(found(count(0, 10)), 10U);
  EXPECT_EQ(found(count(0, 30)), 10U);
}

TEST_F(MemoryBlocksTest, PromptsThatBeginAlikeShareBlocks) {
  keep(count(0, 8));
  Tokens other = count(0, 4);
  other.insert(other.end(), {70, 71, 72, 73});
  EXPECT_THAT(keep(other), ElementsAre(Span{4, 4}));
  EXPECT_EQ(blocks_.stats().blocks, 3U);
}

TEST_F(MemoryBlocksTest, APartOfABlockIsUsable) {
  keep(count(0, 8));
  Tokens prompt = count(0, 6);
  prompt.push_back(99);
  auto match = blocks_.find("a", prompt);
  ASSERT_TRUE(match);
  ASSERT_EQ(match->pieces().size(), 2U);
  EXPECT_EQ(match->pieces()[1].span, (Span{4, 4}));
  EXPECT_EQ(match->pieces()[1].usable, 2U);
}

TEST_F(MemoryBlocksTest, ALongerLastBlockTakesThePlaceOfAShorterOne) {
  keep(count(0, 6));
  keep(count(0, 7));
  EXPECT_EQ(blocks_.stats().blocks, 2U);
  EXPECT_EQ(found(count(0, 7)), 7U);
}

TEST_F(MemoryBlocksTest, AnotherRealmFindsNothing) {
  keep(count(0, 8), "a");
  EXPECT_EQ(found(count(0, 8), "b"), 0U);
  EXPECT_EQ(found(count(0, 8), ""), 0U);
}

TEST_F(MemoryBlocksTest, LeavesThatWereNotUsedForLongestGoFirst) {
  keep(count(0, 8));
  keep(count(100, 108));
  EXPECT_EQ(found(count(0, 8)), 8U);
  keep(count(200, 204));
  EXPECT_EQ(found(count(0, 8)), 8U);
  EXPECT_EQ(found(count(100, 108)), 4U);
  EXPECT_LE(blocks_.stats().bytes, 16 * kTokenBytes);
  EXPECT_EQ(blocks_.stats().evicted, 1U);
}

TEST_F(MemoryBlocksTest, AnOldBlockStaysWhileOthersHangBelowIt) {
  keep(count(0, 4));
  keep(count(100, 108));
  keep(count(0, 8));
  keep(count(200, 204));
  EXPECT_EQ(blocks_.stats().evicted, 1U);
  EXPECT_EQ(found(count(0, 8)), 8U);
}

TEST_F(MemoryBlocksTest, AMatchKeepsItsRowsWhileTheyAreEvicted) {
  keep(count(0, 8));
  auto match = blocks_.find("a", count(0, 8));
  ASSERT_TRUE(blocks_.clear(""));
  auto loaded = blocks_.load({}, *match, 1);
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)->tokens, 4U);
}

TEST_F(MemoryBlocksTest, ClearingARealmLeavesTheOthers) {
  keep(count(0, 4), "a");
  keep(count(0, 4), "b");
  ASSERT_TRUE(blocks_.clear("a"));
  EXPECT_EQ(found(count(0, 4), "a"), 0U);
  EXPECT_EQ(found(count(0, 4), "b"), 4U);
}

TEST_F(MemoryBlocksTest, AnUnfinishedDraftIsNotSeen) {
  auto draft = blocks_.begin({.realm = "a", .tokens = count(0, 8)});
  ASSERT_TRUE((*draft)->write(rows({0, 4})));
  EXPECT_FALSE((*draft)->publish({}));
  EXPECT_FALSE((*draft)->write(rows({4, 3})));
  EXPECT_EQ(found(count(0, 8)), 0U);
}

TEST_F(MemoryBlocksTest, ADraftWhoseParentWentIsLeftOut) {
  keep(count(0, 4));
  auto draft = blocks_.begin({.realm = "a", .tokens = count(0, 8)});
  ASSERT_TRUE((*draft)->write(rows({4, 4})));
  ASSERT_TRUE(blocks_.clear(""));
  EXPECT_TRUE((*draft)->publish({}));
  EXPECT_EQ(blocks_.stats().blocks, 0U);
  EXPECT_THAT(found(count(0, 8)), 0U);
}

}  // namespace
}  // namespace refrain::engine
