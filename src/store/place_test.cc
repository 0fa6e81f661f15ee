#include "store/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::store {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string error_of(std::string_view url) {
  base::Result<Place> place = place_of(url);
  return place ? "" : place.error().what;
}

TEST(StorePlace, AUrlIsReadIntoItsParts) {
  Place place = *place_of("mysql://re%40frain@db.example:3307/cache");
  EXPECT_EQ(place.kind, Place::Kind::mysql);
  EXPECT_EQ(place.user, "re@frain");
  EXPECT_EQ(place.host, "db.example");
  EXPECT_EQ(place.port, 3307);
  EXPECT_EQ(place.database, "cache");
  EXPECT_EQ(place.label(), "mysql://db.example:3307/cache");
}

TEST(StorePlace, WhatIsLeftOutHasTheKindsOwnValue) {
  Place place = *place_of("redis://");
  EXPECT_EQ(place.kind, Place::Kind::redis);
  EXPECT_EQ(place.label(), "redis://127.0.0.1:6379/0");
  EXPECT_EQ(place_of("mariadb://u@h/d")->port, 3306);
  EXPECT_EQ(place_of("redis://[::1]:7000/3")->label(), "redis://[::1]:7000/3");
  EXPECT_EQ(place_of("mysql://u@localhost/d?socket=/run/x.sock")->socket, "/run/x.sock");
}

TEST(StorePlace, APasswordInAUrlIsRefusedAndNotRepeated) {
  std::string error = error_of("mysql://refrain:tell-nobody@h/d");
  EXPECT_THAT(error, HasSubstr("REFRAIN_STORE_PASSWORD"));
  EXPECT_THAT(error, Not(HasSubstr("tell-nobody")));
}

TEST(StorePlace, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(error_of("oracle://h/d"), HasSubstr("kind is unknown"));
  EXPECT_THAT(error_of("mysql"), HasSubstr("kind is unknown"));
  EXPECT_THAT(error_of("mysql://h:x/d"), HasSubstr("'x' is no port"));
  EXPECT_THAT(error_of("mysql://h"), HasSubstr("names no database"));
  EXPECT_THAT(error_of("redis://h/abc"), HasSubstr("'abc' is no number"));
  EXPECT_THAT(error_of("redis://h/1?tls=yes"), HasSubstr("'tls' is no option"));
  EXPECT_THAT(error_of("rediss://h"), HasSubstr("stunnel"));
  EXPECT_THAT(error_of("redis://%4@h"), HasSubstr("two hex digits"));
  EXPECT_THAT(error_of("redis://[::1"), HasSubstr("bracket"));
}

}  // namespace
}  // namespace refrain::store
