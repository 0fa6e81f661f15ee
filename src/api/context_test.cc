#include "api/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_exchange.h"

namespace refrain::api {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Visit visit() {
  Visit visit;
  visit.exchange = net::FakeExchange::make("POST", "/");
  visit.id = "req-1";
  visit.tenant.id = "t";
  return visit;
}

TEST(Context, TheClientsCredentialTravelsOnWhereTheTenantHasNone) {
  chat::Request request;
  request.pass = {{"authorization", "Bearer own"}, {"x-other", "1"}};
  serve::Ask ask = ask_of(visit(), request, {});
  EXPECT_EQ(ask.request.pass, request.pass);
  EXPECT_EQ(ask.id, "req-1");
}

TEST(Context, TheTenantsOwnCredentialTakesThePlaceOfTheClients) {
  chat::Request request;
  request.pass = {{"authorization", "Bearer own"}, {"x-api-key", "own"}, {"x-other", "1"}};
  Visit with = visit();
  with.tenant.upstream_key = "sk-up";
  EXPECT_THAT(ask_of(with, request, {}).request.pass,
              ElementsAre(Pair("x-other", "1"), Pair("authorization", "Bearer sk-up")));
}

TEST(Context, WhoIsNotKnownIsSaidInTheReasons) {
  Visit unknown = visit();
  unknown.certain = false;
  serve::Ask ask = ask_of(unknown, {}, {});
  EXPECT_FALSE(ask.certain);
  EXPECT_THAT(ask.controls.reasons, Contains(HasSubstr("tenant unknown")));
}

TEST(Context, AReplyInJsonNamesItsRequest) {
  auto exchange = net::FakeExchange::make("GET", "/");
  Visit to = visit();
  to.exchange = exchange;
  reply_json(to, 201, "{}");
  EXPECT_EQ(exchange->status(), 201);
  EXPECT_EQ(exchange->header("content-type"), "application/json");
  EXPECT_EQ(exchange->header("x-refrain-request-id"), "req-1");
}

}  // namespace
}  // namespace refrain::api
