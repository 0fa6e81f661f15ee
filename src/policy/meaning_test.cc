#include "policy/meaning.h"

#include <gtest/gtest.h>

#include "policy/lexical.h"

namespace refrain::policy {
namespace {

TEST(Meaning, WordsThatStandForEachOtherShareANumber) {
  EXPECT_EQ(concept_of(stem("buy")), concept_of(stem("purchased")));
  EXPECT_NE(concept_of(stem("buy")), concept_of(stem("delete")));
  EXPECT_EQ(concept_of("xylophone"), -1);
}

TEST(Meaning, CommonWordsAndParticlesAreKnown) {
  EXPECT_TRUE(is_common(stem("need")));
  EXPECT_FALSE(is_common("passport"));
  EXPECT_TRUE(is_particle("wie"));
  EXPECT_TRUE(is_particle("\u7684"));
  EXPECT_FALSE(is_particle(""));
}

}  // namespace
}  // namespace refrain::policy
