#include "kv/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/kv_samples.h"

namespace refrain::kv {
namespace {

using namespace std::chrono_literals;

const base::Digest kRoot = {9, 9};

base::WallTime at(std::int64_t seconds) { return base::WallTime(std::chrono::seconds(seconds)); }

// A tree with blocks of four tokens, and what a store does with it.
struct Grove {
  Tree tree{4};
  std::vector<base::Digest> grow(const std::vector<Token>& prompt, base::WallTime now = at(0)) {
    std::vector<base::Digest> names;
    base::Digest parent = kRoot;
    for (std::size_t i = 0; i < prompt.size(); i += 4) {
      std::span<const Token> part =
          std::span(prompt).subspan(i, std::min<std::size_t>(4, prompt.size() - i));
      Node node;
      node.parent = parent;
      node.tokens.assign(part.begin(), part.end());
      node.first = i;
      node.bytes = 100;
      node.loose = true;
      node.used = node.made = now;
      parent = next(parent, part);
      tree.add(parent, std::move(node));
      names.push_back(parent);
    }
    return names;
  }
  std::size_t common(const std::vector<Token>& prompt) const {
    std::size_t out = 0;
    for (const Tree::Step& step : tree.walk(kRoot, prompt)) out += step.usable;
    return out;
  }
};

TEST(KvTree, FindsWholeBlocksAndAPartOfOneMore) {
  Grove grove;
  grove.grow({1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(grove.common({1, 2, 3, 4, 5, 6, 9}), 6U);
  EXPECT_EQ(grove.common({1, 2, 3, 4, 5, 6, 7, 8, 9}), 8U);
  EXPECT_EQ(grove.common({1, 2}), 2U);
  EXPECT_EQ(grove.common({2, 1}), 0U);
  EXPECT_EQ(grove.common({}), 0U);
}

TEST(KvTree, TheLongestOfManyChildrenIsFound) {
  std::mt19937 random(5);
  Grove grove;
  std::vector<std::vector<Token>> prompts;
  for (int i = 0; i < 300; ++i) {
    std::vector<Token> prompt(1 + random() % 9);
    for (Token& token : prompt) token = static_cast<Token>(random() % 3);
    grove.grow(prompt);
    prompts.push_back(prompt);
  }
  for (int i = 0; i < 300; ++i) {
    std::vector<Token> asked(1 + random() % 9);
    for (Token& token : asked) token = static_cast<Token>(random() % 3);
    std::size_t wanted = 0;
    for (const auto& prompt : prompts) {
      auto differ = std::mismatch(prompt.begin(), prompt.end(), asked.begin(), asked.end());
      wanted = std::max(wanted, static_cast<std::size_t>(differ.first - prompt.begin()));
    }
    ASSERT_EQ(grove.common(asked), wanted) << "round " << i;
  }
}

TEST(KvTree, OnlyALeafCanBeRemoved) {
  Grove grove;
  auto names = grove.grow({1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_FALSE(grove.tree.remove(names[0], at(1)));
  EXPECT_TRUE(grove.tree.remove(names[1], at(1)));
  EXPECT_TRUE(grove.tree.remove(names[0], at(1)));
  EXPECT_EQ(grove.tree.bytes(), 0U);
  EXPECT_EQ(grove.common({1, 2, 3}), 0U);
}

TEST(KvTree, VictimsComeTailFirstAndLeastUsedFirst) {
  Grove grove;
  auto old = grove.grow({1, 2, 3, 4, 5, 6, 7, 8}, at(0));
  auto young = grove.grow({9, 2, 3, 4, 5, 6, 7, 8}, at(1000));
  std::vector<base::Digest> gone = grove.tree.victims(300, at(1001));
  ASSERT_EQ(gone.size(), 3U);
  EXPECT_EQ(gone[0], old[1]);
  EXPECT_EQ(gone[1], old[0]);
  EXPECT_EQ(gone[2], young[1]);
}

TEST(KvTree, WhatIsHeldOrPinnedAndAllBeforeItStays) {
  Grove grove;
  auto names = grove.grow({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  grove.tree.find(names[1])->holds = 1;
  EXPECT_EQ(grove.tree.victims(10'000, at(9)), std::vector{names[2]});
  grove.tree.find(names[2])->pins = 1;
  EXPECT_TRUE(grove.tree.victims(10'000, at(9)).empty());
}

TEST(KvTree, UnneededGoesUpToWhatSomebodyNeeds) {
  Grove grove;
  auto names = grove.grow({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  for (const base::Digest& name : names) grove.tree.find(name)->loose = false;
  EXPECT_EQ(grove.tree.unneeded(names[2]), (std::vector{names[2], names[1], names[0]}));
  EXPECT_TRUE(grove.tree.unneeded(names[1]).empty());
  grove.tree.find(names[0])->ends = 1;
  EXPECT_EQ(grove.tree.unneeded(names[2]), (std::vector{names[2], names[1]}));
  grove.tree.find(names[2])->holds = 1;
  EXPECT_TRUE(grove.tree.unneeded(names[2]).empty());
}

TEST(KvTree, BelowIsTheWholeSubtreeLeavesFirst) {
  Grove grove;
  auto left = grove.grow({1, 2, 3, 4, 5, 6, 7, 8});
  auto right = grove.grow({1, 2, 3, 4, 6, 6});
  auto all = grove.tree.below(left[0]);
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(all.back(), left[0]);
  EXPECT_EQ(grove.tree.path(right[1]), (std::vector{left[0], right[1]}));
}

TEST(KvTree, TheBeginningsOfABlockAreFoundBesideIt) {
  Grove grove;
  auto one = grove.grow({1}), two = grove.grow({1, 2}), other = grove.grow({1, 3});
  auto whole = grove.grow({1, 2, 3, 4});
  EXPECT_EQ(grove.tree.beginnings_of(whole[0]), (std::vector{one[0], two[0]}));
  EXPECT_EQ(grove.tree.beginnings_of(other[0]), std::vector{one[0]});
  EXPECT_TRUE(grove.tree.beginnings_of(one[0]).empty());
}

TEST(KvTree, CoolingDropsTheLeastValuableFromMemory) {
  Grove grove;
  auto names = grove.grow({1, 2, 3, 4, 5, 6, 7, 8});
  auto block = *Block::decode(sample_block(kRoot, tokens_from(1, 4), 0));
  for (const base::Digest& name : names) grove.tree.warm(name, block);
  EXPECT_EQ(grove.tree.hot_bytes(), 2 * block->file().size());
  EXPECT_EQ(grove.tree.cool(1, at(1)), block->file().size());
  EXPECT_TRUE(grove.tree.find(names[0])->hot);
  EXPECT_FALSE(grove.tree.find(names[1])->hot);
  EXPECT_EQ(grove.tree.hot_blocks(), 1U);
}

TEST(KvTree, UsesAreCountedAndRenewed) {
  Grove grove;
  auto names = grove.grow({1, 2, 3, 4, 5, 6, 7, 8});
  grove.tree.use(grove.tree.walk(kRoot, std::vector<Token>{1, 2, 3, 4, 7}), at(50));
  EXPECT_EQ(grove.tree.find(names[0])->hits, 1U);
  EXPECT_EQ(grove.tree.find(names[0])->used, at(50));
  EXPECT_EQ(grove.tree.find(names[1])->hits, 0U);
}

}  // namespace
}  // namespace refrain::kv
