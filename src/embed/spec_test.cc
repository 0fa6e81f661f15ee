#include "embed/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::embed {
namespace {

TEST(Spec, OffIsNoEmbedder) {
  auto embedder = open_embedder("off", {});
  ASSERT_TRUE(embedder);
  EXPECT_EQ(embedder->get(), nullptr);
}

TEST(Spec, AnUnknownSpecIsNamedWithWhatIsAllowed) {
  auto embedder = open_embedder("word2vec", {});
  ASSERT_FALSE(embedder);
  EXPECT_THAT(embedder.error().what, testing::HasSubstr("'word2vec'"));
  EXPECT_THAT(embedder.error().what, testing::HasSubstr("table:FILE"));
}

TEST(Spec, AModelThatIsNotThereIsSaidWithItsPath) {
  SpecOptions options;
  options.minilm_file = "/nowhere/model.gguf";
  auto embedder = open_embedder("minilm", options);
  ASSERT_FALSE(embedder);
  EXPECT_THAT(embedder.error().what, testing::HasSubstr("/nowhere/model.gguf"));
}

}  // namespace
}  // namespace refrain::embed
