#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/resp_probe.h"

namespace refrain::api {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RespServer, InfoShowsOnesOwnKeysAlone) {
  RespProbe probe({.version = "9.9"}, two_tenants());
  RespClient a = probe.client();
  a.ask({"AUTH", "key-a"});
  a.ask({"SET", "k", "v"});
  EXPECT_THAT(a.ask({"INFO"}), HasSubstr("db0:keys=1"));
  EXPECT_THAT(a.ask({"INFO"}), HasSubstr("refrain_version:9.9"));
  RespClient b = probe.client();
  b.ask({"AUTH", "key-b"});
  EXPECT_THAT(b.ask({"INFO"}), Not(HasSubstr("db0")));
}

TEST(RespServer, ClientListShowsOnlyOneself) {
  RespProbe probe;
  RespClient other = probe.client();
  other.ask({"CLIENT", "SETNAME", "other"});
  EXPECT_THAT(probe.client().ask({"CLIENT", "LIST"}), Not(HasSubstr("other")));
}

TEST(RespServer, WrongCredentialsAreCounted) {
  RespProbe probe({}, two_tenants());
  probe.client().ask({"AUTH", "guess"});
  EXPECT_EQ(probe.door.stats().refused_auth, 1U);
}

}  // namespace
}  // namespace refrain::api
