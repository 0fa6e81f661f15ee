#include "api/query.h"

#include <gtest/gtest.h>

namespace refrain::api {
namespace {

TEST(Query, TheFirstParameterOfTheNameIsFound) {
  EXPECT_EQ(query_value("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_value("a=1&b=2", "b"), "2");
  EXPECT_EQ(query_value("a=", "a"), "");
  EXPECT_FALSE(query_value("ab=1&a", "a"));
  EXPECT_FALSE(query_value("", "a"));
}

TEST(Query, EscapesAndPlusAreDecoded) {
  EXPECT_EQ(query_value("m=org%2Fa+b%26c", "m"), "org/a b&c");
}

TEST(Query, AnEscapeThatIsNoneStays) {
  EXPECT_EQ(query_value("m=100%&n=%zz%4", "m"), "100%");
  EXPECT_EQ(query_value("m=100%&n=%zz%4", "n"), "%zz%4");
}

}  // namespace
}  // namespace refrain::api
