#include "app/vectors_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/settings.h"

namespace refrain::app {
namespace {

using testing::HasSubstr;

const embed::Info kEmbedder{"letters", "1", 4, 0};

Config with(std::map<std::string, std::vector<std::string>> flags) {
  Sources sources;
  sources.flags = std::move(flags);
  return *configure(*layer(sources));
}

TEST(VectorsSetup, WithoutASettingThereIsNone) {
  base::SystemClock clock;
  auto vectors = open_vectors(with({}), kEmbedder, clock);
  ASSERT_TRUE(vectors);
  EXPECT_EQ(*vectors, nullptr);
}

TEST(VectorsSetup, WithMilvusThereIsOneOrTheBuildSaysWhyNot) {
  base::SystemClock clock;
  auto vectors = open_vectors(with({{"vectors", {"milvus://127.0.0.1:1"}}}), kEmbedder, clock);
  ASSERT_EQ(vectors.has_value(), milvus::built_in());
  if (vectors) {
    EXPECT_TRUE((*vectors)->wants_truth());
  } else {
    EXPECT_THAT(vectors.error().what, HasSubstr("REFRAIN_MILVUS"));
  }
}

TEST(VectorsSetup, TheDoctorNamesAServerThatIsNotThere) {
  auto found = check_vectors(with({{"vectors", {"milvus://127.0.0.1:1"}}}), kEmbedder);
  ASSERT_FALSE(found);
  const std::string& what = found.error().what;
  if (milvus::built_in()) {
    EXPECT_THAT(what, HasSubstr("127.0.0.1:1: milvus count"));
    EXPECT_THAT(what, HasSubstr("--vectors"));
  } else {
    EXPECT_THAT(what, HasSubstr("REFRAIN_MILVUS"));
  }
}

}  // namespace
}  // namespace refrain::app
