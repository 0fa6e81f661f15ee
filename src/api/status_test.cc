#include "api/status.h"

#include <gtest/gtest.h>

namespace refrain::api {
namespace {

TEST(Status, ClientFaultsAreFourHundreds) {
  EXPECT_EQ(http_status(base::Code::invalid), 400);
  EXPECT_EQ(http_status(base::Code::too_large), 413);
  EXPECT_EQ(http_status(base::Code::unsupported), 400);
}

TEST(Status, AnUnreachableModelIsABadGateway) {
  EXPECT_EQ(http_status(base::Code::unavailable), 502);
  EXPECT_EQ(http_status(base::Code::io), 502);
  EXPECT_EQ(http_status(base::Code::deadline), 504);
}

TEST(Status, OpenaiTypesFollowTheStatus) {
  EXPECT_EQ(openai_type(400), "invalid_request_error");
  EXPECT_EQ(openai_type(429), "rate_limit_error");
  EXPECT_EQ(openai_type(502), "server_error");
}

TEST(Status, AStatusThatNoCodeMadeHasACauseToo) {
  EXPECT_EQ(cause_of(404), base::Code::not_found);
  EXPECT_EQ(cause_of(405), base::Code::unsupported);
  EXPECT_EQ(cause_of(431), base::Code::too_large);
  EXPECT_EQ(cause_of(400), base::Code::invalid);
  EXPECT_EQ(cause_of(500), base::Code::internal);
}

}  // namespace
}  // namespace refrain::api
