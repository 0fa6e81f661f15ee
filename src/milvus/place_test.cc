#include <gtest/gtest.h>

#include "milvus/client.h"

namespace refrain::milvus {
namespace {

TEST(MilvusPlace, IsReadFromAUrl) {
  EXPECT_EQ(parse_place("milvus://db.local:1234")->host, "db.local");
  EXPECT_EQ(parse_place("milvus://db.local:1234/")->port, 1234);
  EXPECT_EQ(parse_place("milvus://10.0.0.1")->port, 19530);
  EXPECT_EQ(parse_place("milvus://[::1]:77")->host, "[::1]");
  EXPECT_EQ(parse_place("milvus://[::1]")->port, 19530);
}

TEST(MilvusPlace, AnythingElseIsInvalid) {
  for (const char* url : {"", "http://a:1", "milvus://", "milvus://a:0", "milvus://a:99999",
                          "milvus://a:1x", "milvus://user@a:1", "milvus://a/b:1"}) {
    ASSERT_FALSE(parse_place(url)) << url;
    EXPECT_EQ(parse_place(url).error().code, base::Code::invalid);
  }
}

TEST(MilvusPlace, CollectionsOfTwoEmbeddersHaveTwoNames) {
  const std::string one = collection_name("minilm@1", 384);
  EXPECT_NE(one, collection_name("minilm@2", 384));
  EXPECT_NE(one, collection_name("minilm@1", 768));
  EXPECT_EQ(one, collection_name("minilm@1", 384));
  Place place;
  place.collection = one;
  place.dim = 384;
  EXPECT_TRUE(place.check());
}

TEST(MilvusPlace, WrongNamesAndDimensionsAreInvalid) {
  Place place;
  place.dim = 4;
  for (const char* name : {"", "1a", "a-b", "a b"}) {
    place.collection = name;
    EXPECT_FALSE(place.check()) << name;
  }
  place.collection = "a";
  EXPECT_TRUE(place.check());
  place.dim = 1;
  EXPECT_FALSE(place.check());
}

}  // namespace
}  // namespace refrain::milvus
