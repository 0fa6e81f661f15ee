#include "kv/block.h"

#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/kv_samples.h"

namespace refrain::kv {
namespace {

const base::Digest kParent = {1, 2};

std::string sample() { return sample_block(kParent, tokens_from(100, 5), 0); }

TEST(KvBlock, ReadsBackWhatWasWritten) {
  auto block = Block::decode(sample());
  ASSERT_TRUE(block) << block.error().what;
  const BlockHead& head = (*block)->head();
  EXPECT_EQ(head.parent, kParent);
  EXPECT_EQ(head.tokens, tokens_from(100, 5));
  EXPECT_EQ(head.positions, tokens_from(0, 5));
  EXPECT_EQ(head.fingerprint, digest(small_model()));
  SampleRows rows(tokens_from(100, 5), 0);
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    EXPECT_EQ((*block)->rows(layer).keys, rows.layers[layer].keys);
    EXPECT_EQ((*block)->rows(layer).values, rows.layers[layer].values);
    EXPECT_EQ(head.section(layer, Part::key).offset % 64, 0U);
  }
  EXPECT_EQ(file_bytes(head), sample().size());
}

TEST(KvBlock, TheGoldenFileIsWrittenAndReadByteForByte) {
  EXPECT_EQ(sample(), golden("kv/block.kvb"));
  EXPECT_TRUE(Block::decode(golden("kv/block.kvb")));
}

TEST(KvBlock, AFlippedBitAnywhereIsFound) {
  const std::string good = sample();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(Block::decode(bad)) << "byte " << at;
  }
}

TEST(KvBlock, EveryShorterOrLongerFileIsRefused) {
  const std::string good = sample();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Block::decode(good.substr(0, size))) << size;
  }
  EXPECT_FALSE(Block::decode(good + "x"));
}

TEST(KvBlock, TheHeadCanBeReadAlone) {
  const std::string good = sample();
  auto size = head_bytes(std::string_view(good).substr(0, 16));
  ASSERT_TRUE(size);
  auto head = decode_head(std::string_view(good).substr(0, *size));
  ASSERT_TRUE(head);
  const Section& section = head->section(1, Part::value);
  auto bytes = std::string_view(good).substr(section.offset, head->bytes_of(section));
  EXPECT_TRUE(verify(section, bytes));
  EXPECT_EQ(verify(section, bytes.substr(1)).error().code, base::Code::corrupt);
}

TEST(KvBlock, AnotherVersionIsUnsupportedNotCorrupt) {
  std::string file = sample();
  file[8] = 9;
  EXPECT_EQ(Block::decode(file).error().code, base::Code::unsupported);
}

TEST(KvBlock, RowsThatDoNotFitAreRefusedWithTheirSizes) {
  std::vector<Token> tokens = tokens_from(0, 3);
  SampleRows rows(tokens, 0);
  rows.layers[1].values = rows.layers[1].values.substr(1);
  auto block = encode_block(sample_head(kParent, tokens, 0), rows.layers);
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().what, "layer 1: 47 bytes of values, 3 tokens of 16 bytes are wanted");
  EXPECT_FALSE(encode_block(sample_head(kParent, {}, 0), rows.layers));
}

}  // namespace
}  // namespace refrain::kv
