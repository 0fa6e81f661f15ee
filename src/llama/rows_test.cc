#include "llama/rows.h"

#include <cstring>

#include <gtest/gtest.h>

namespace refrain::llama {
namespace {

const RowLayout kLayout{{{1, 1, 4, 2}, {1, 1, 4, 2}}};

// Rows whose bytes tell layer, side and token.
std::shared_ptr<const Rows> rows(std::int32_t first, std::size_t tokens) {
  auto out = std::make_shared<Rows>();
  out->first = first;
  out->tokens = tokens;
  for (char layer = 0; layer < 2; ++layer) {
    for (std::size_t i = 0; i < tokens; ++i) out->bytes += std::string(4, 'a' + layer);
    for (std::size_t i = 0; i < tokens; ++i) {
      out->bytes += std::string(2, static_cast<char>('0' + first + static_cast<int>(i)));
    }
  }
  return out;
}

std::string state(std::vector<RowsPart> parts) {
  std::string out;
  write_state(kLayout, parts, out);
  return out;
}

TEST(Rows, AStateReadsBackAsTheRowsItWasMadeOf) {
  auto made = rows(3, 4);
  auto read = read_state(state({{made, 0, 4}}), kLayout);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->first, 3);
  EXPECT_EQ(read->tokens, 4U);
  EXPECT_EQ(read->bytes, made->bytes);
}

TEST(Rows, PartsOfSeveralRowsBecomeOneRun) {
  auto read = read_state(state({{rows(0, 4), 2, 2}, {rows(4, 3), 0, 1}}), kLayout);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->first, 2);
  EXPECT_EQ(read->tokens, 3U);
  EXPECT_EQ(read->v(kLayout, 0), "223344");
  EXPECT_EQ(read->k(kLayout, 1), std::string(12, 'b'));
}

TEST(Rows, CellsInAnotherOrderAreSortedByPosition) {
  auto read = read_state(state({{rows(0, 4), 2, 2}, {rows(0, 4), 0, 2}}), kLayout);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->first, 0);
  EXPECT_EQ(read->v(kLayout, 1), "00112233");
}

TEST(Rows, APositionTwiceOrAGapIsCorrupt) {
  auto twice = read_state(
      state({{rows(0, 4), 0, 1}, {rows(0, 4), 0, 1}, {rows(0, 4), 2, 1}}), kLayout);
  auto gap = read_state(state({{rows(0, 4), 0, 1}, {rows(0, 4), 2, 1}}), kLayout);
  ASSERT_FALSE(twice || gap);
  EXPECT_EQ(twice.error().code, base::Code::corrupt);
  EXPECT_EQ(gap.error().code, base::Code::corrupt);
}

TEST(Rows, PositionsAtBothEndsOfTheirTypeAreAGap) {
  std::string far = state({{rows(0, 2), 0, 2}});
  const std::int32_t low = INT32_MIN, high = INT32_MAX;
  std::memcpy(far.data() + 16, &low, sizeof low);
  std::memcpy(far.data() + 28, &high, sizeof high);
  auto read = read_state(far, kLayout);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::Code::corrupt);
}

TEST(Rows, EveryCutOfAStateIsRefused) {
  const std::string whole = state({{rows(0, 3), 0, 3}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(read_state(whole.substr(0, length), kLayout)) << length;
  }
  EXPECT_FALSE(read_state(whole + "x", kLayout));
}

TEST(Rows, AnotherFormatIsUnsupported) {
  std::string magic = state({{rows(0, 3), 0, 3}});
  magic[0] = 0;
  auto read = read_layout(magic);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::Code::unsupported);
}

TEST(Rows, AnotherLayoutIsRefused) {
  const RowLayout other{{{1, 1, 4, 2}, {1, 8, 4, 2}}};
  auto read = read_state(state({{rows(0, 3), 0, 3}}), other);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::Code::unsupported);
}

TEST(Rows, TheLayoutIsFoundInTheState) {
  auto layout = read_layout(state({{rows(0, 3), 0, 3}}));
  ASSERT_TRUE(layout);
  EXPECT_EQ(*layout, kLayout);
  EXPECT_EQ(layout->bytes_per_token(), 12U);
}

}  // namespace
}  // namespace refrain::llama
