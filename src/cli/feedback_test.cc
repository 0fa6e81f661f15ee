#include "cli/feedback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/value.h"

namespace refrain::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Feedback, TellsWhoGotTheAnswerAndWhichOthersHoldIt) {
  const json::Value told = *json::parse(
      R"({"answer_id":"00000000000000ff","verdict":"wrong","changed":true,"quarantined":true,)"
      R"("learnt":1,"served":[{"request_id":"req-1","when":"2026","tier":"semantic"}],)"
      R"("same_answer":["0000000000000001"],"forgotten":0})");
  const std::string text = render_told(told);
  EXPECT_THAT(text, HasSubstr("00000000000000ff is in quarantine"));
  EXPECT_THAT(text, HasSubstr("req-1"));
  EXPECT_THAT(text, HasSubstr("--forget-others"));
  EXPECT_THAT(text, Not(HasSubstr("said before")));
}

TEST(Feedback, SaysWhenNothingChanged) {
  const json::Value told =
      *json::parse(R"({"answer_id":"1","changed":false,"quarantined":false})");
  EXPECT_THAT(render_told(told), HasSubstr("served again (said before"));
}

TEST(Feedback, WithoutAServerItSaysSo) {
  Session session;
  session.server.url = "http://127.0.0.1:1";
  EXPECT_NE(feedback(session, {"1", "wrong"}), 0);
}

}  // namespace
}  // namespace refrain::cli
