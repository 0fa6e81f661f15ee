#include <gtest/gtest.h>

#include "milvus/client.h"

namespace refrain::milvus {
namespace {

TEST(MilvusNoClient, SaysHowToBuildIt) {
  Place place;
  place.collection = "a";
  place.dim = 4;
  EXPECT_FALSE(built_in());
  auto client = open_client(place);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, base::Code::unsupported);
  EXPECT_NE(client.error().what.find("-DREFRAIN_MILVUS=ON"), std::string::npos);
}

}  // namespace
}  // namespace refrain::milvus
