#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/voice.h"
#include "tests/support/scripted_producer.h"

namespace refrain::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::size_t chunks(const std::string& stream) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = stream.find("data: ", at)) != std::string::npos; ++at) ++count;
  return count;
}

std::string spoken(chat::Delivery delivery) {
  auto voice = openai_voice(chat::Origin::openai_chat, false);
  chat::Head head;
  head.delivery = delivery;
  voice->begin(head);
  std::string out;
  voice->event(*test::text_event("two words", "stop"), out);
  return out;
}

TEST(OpenaiVoice, AnEventOfAStreamIsOneChunkAndAWholeReplyBecomesSeveral) {
  EXPECT_EQ(chunks(spoken(chat::Delivery::stream)), 1U);
  EXPECT_GT(chunks(spoken(chat::Delivery::whole)), 1U);
}

TEST(OpenaiVoice, ABrokenStreamEndsWithTheModelsOwnErrorOrWithOurs) {
  auto voice = openai_voice(chat::Origin::openai_chat, false);
  std::string own, ours;
  voice->broken({base::Code::io, "cut"}, R"({"error":{"message":"mine"}})", own);
  voice->broken({base::Code::io, "cut"}, "", ours);
  EXPECT_EQ(own, "data: {\"error\":{\"message\":\"mine\"}}\n\n");
  EXPECT_THAT(ours, StartsWith("data: "));
  EXPECT_THAT(ours, HasSubstr(R"("message":"cut")"));
}

TEST(OpenaiVoice, AnErrorHasTheTypeOfItsStatus) {
  auto voice = openai_voice(chat::Origin::openai_completion, false);
  EXPECT_THAT(voice->error({base::Code::busy, "full"}, 503), HasSubstr("overloaded_error"));
}

}  // namespace
}  // namespace refrain::api
