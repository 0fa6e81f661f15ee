#include "llama/identity.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace refrain::llama {
namespace {

TEST(Identity, TheTwoPairingsOfRopeAreToldApart) {
  EXPECT_EQ(identity_of(*tests::tiny_model("gqa")).rope, "norm");
  EXPECT_EQ(identity_of(*tests::tiny_model("neox")).rope, "neox");
}

TEST(Identity, HeadsAndRopeComeFromTheFile) {
  const Identity identity = identity_of(*tests::tiny_model("gqa"));
  EXPECT_EQ(identity.key_dim, 16U);
  EXPECT_EQ(identity.value_dim, 16U);
  EXPECT_EQ(identity.rope_dim, 16U);
  EXPECT_EQ(identity.rope_base.substr(0, 5), "10000");
  EXPECT_EQ(identity.rope_scaling, "");
}

TEST(Identity, AnotherVocabularyIsAnotherTokenizer) {
  const std::string one = identity_of(*tests::tiny_model("gqa", 7)).tokenizer;
  EXPECT_EQ(one.size(), 32U);
  EXPECT_EQ(one, identity_of(*tests::tiny_model("tied", 7)).tokenizer);
  EXPECT_NE(one, identity_of(*tests::tiny_model("gqa", 8)).tokenizer);
}

TEST(Identity, OtherWeightsAreAnotherDigestAndAMissingFileIsAnError) {
  auto one = digest_of_file(tests::tiny_model_file("gqa", 7));
  auto two = digest_of_file(tests::tiny_model_file("gqa", 8));
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  EXPECT_FALSE(digest_of_file("/nonexistent"));
}

}  // namespace
}  // namespace refrain::llama
