#include "llama/vocabulary.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace refrain::llama {
namespace {

using Marks = Vocabulary::Marks;
using Ends = Vocabulary::Ends;

class VocabularyTest : public testing::Test {
 protected:
  Vocabulary words_{tests::tiny_model("gqa")};
};

TEST_F(VocabularyTest, TextComesBackFromItsTokens) {
  const std::string text = "What is 2 + 2, and \xC3\xA9?";
  auto ids = words_.tokens(text, Marks::plain, Ends::bare);
  ASSERT_TRUE(ids);
  EXPECT_EQ(words_.text(*ids, Marks::plain), " " + text);
}

TEST_F(VocabularyTest, TheBeginTokenIsAddedWhereItIsAsked) {
  auto with = words_.tokens("ba", Marks::plain, Ends::added);
  auto bare = words_.tokens("ba", Marks::plain, Ends::bare);
  ASSERT_TRUE(with && bare);
  EXPECT_EQ(with->front(), 1);
  EXPECT_EQ(with->size(), bare->size() + 1);
}

TEST_F(VocabularyTest, MarksInTheTextAreTokensOnlyWhenAsked) {
  auto plain = words_.tokens("</s>", Marks::plain, Ends::bare);
  auto special = words_.tokens("</s>", Marks::special, Ends::bare);
  ASSERT_TRUE(plain && special);
  EXPECT_GT(plain->size(), 1U);
  EXPECT_EQ(special->back(), 2);
  EXPECT_TRUE(words_.ends(special->back()));
}

TEST_F(VocabularyTest, AByteTokenIsItsByte) {
  std::string out;
  words_.append(3 + 0xC3, Marks::plain, out);
  EXPECT_EQ(out, "\xC3");
}

}  // namespace
}  // namespace refrain::llama
