#include "engine/saver.h"

#include <numeric>

#include <gtest/gtest.h>

#include "engine/memory_blocks.h"
#include "tests/support/tiny_model.h"

namespace refrain::engine {
namespace {

class SaverTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = llama::Context::open(tests::tiny_model("gqa"),
                                       {.cells = 256, .sequences = 4, .threads = 1});
    ASSERT_TRUE(opened);
    context_ = std::move(*opened);
    cells_.emplace(context_->cells(), 4);
    saver_.emplace(Saver::Rooms{*context_, *cells_, blocks_, io_, inbox_, counters_});
  }

  // A sequence with so many computed tokens.
  llama::SequenceId compute(std::size_t count) {
    const llama::SequenceId sequence = *cells_->open("t");
    std::vector<TokenId> tokens(count);
    std::iota(tokens.begin(), tokens.end(), 400);
    std::vector<llama::Context::Token> batch;
    for (std::size_t i = 0; i < count; ++i) {
      batch.push_back({tokens[i], static_cast<std::int32_t>(i), sequence,
                       llama::Context::Output::none});
    }
    EXPECT_TRUE(context_->decode(batch));
    EXPECT_TRUE(context_->learn_layout(sequence));
    cells_->grow(sequence, tokens);
    return sequence;
  }

  NewPrompt prompt(llama::SequenceId sequence) {
    const auto tokens = cells_->tokens(sequence);
    return {.realm = "t", .tokens = {tokens.begin(), tokens.end()}};
  }

  // The model thread's part, until there is nothing more to do.
  void work() {
    for (int i = 0; i < 100; ++i) {
      for (auto& message : inbox_.take(std::chrono::milliseconds(i < 5 ? 20 : 1))) message();
      while (saver_->step()) {
      }
    }
  }

  MemoryBlocks blocks_{{.block_tokens = 16}};
  Inbox inbox_;  // before the pool, whose thread posts to it until it is joined
  base::Pool io_{{.name = "io", .threads = 1}};
  Counters counters_;
  std::unique_ptr<llama::Context> context_;
  std::optional<Cells> cells_;
  std::optional<Saver> saver_;
};

TEST_F(SaverTest, AComputedPromptIsKeptBlockByBlock) {
  const auto sequence = compute(40);
  saver_->want(sequence, prompt(sequence));
  work();
  EXPECT_EQ(blocks_.stats().blocks, 3U);
  EXPECT_EQ(counters_.saved_blocks.value(), 3U);
}

TEST_F(SaverTest, APromptThatNobodyMayShareIsNotKept) {
  const auto sequence = compute(40);
  NewPrompt own = prompt(sequence);
  own.realm.clear();
  saver_->want(sequence, std::move(own));
  work();
  EXPECT_EQ(blocks_.stats().blocks, 0U);
}

TEST_F(SaverTest, WhatIsKeptAlreadyIsNotCopiedAgain) {
  const auto sequence = compute(40);
  saver_->want(sequence, prompt(sequence));
  work();
  saver_->want(sequence, prompt(sequence));
  work();
  EXPECT_EQ(counters_.saved_blocks.value(), 3U);
  EXPECT_EQ(counters_.saves_abandoned.value(), 0U);
}

TEST_F(SaverTest, ASequenceThatWentIsNotSaved) {
  const auto sequence = compute(40);
  saver_->want(sequence, prompt(sequence));
  context_->remove(sequence);
  cells_->drop(sequence);
  work();
  EXPECT_EQ(blocks_.stats().blocks, 0U);
  EXPECT_EQ(counters_.saves_abandoned.value(), 1U);
}

TEST_F(SaverTest, TooManySavesAreAbandonedNotQueued) {
  const auto sequence = compute(40);
  for (std::size_t i = 0; i < Saver::kSavesMax + 5; ++i) saver_->want(sequence, prompt(sequence));
  EXPECT_EQ(counters_.saves_abandoned.value(), 5U);
  work();
}

}  // namespace
}  // namespace refrain::engine
