#include "engine/replying.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace refrain::engine {
namespace {

using testing::ElementsAre;

class ReplyingTest : public testing::Test {
 protected:
  Replying make(Order order, std::size_t prompts = 1) {
    return Replying({std::move(order), std::nullopt, "m", "fp", {}, flight_}, words_,
                    std::vector<std::string>(prompts, "the prompt"));
  }
  static Order completion() {
    Order order;
    order.origin = chat::Origin::openai_completion;
    return order;
  }
  // Token of a byte.
  static llama::TokenId byte(char c) { return 3 + static_cast<unsigned char>(c); }
  void write(Replying& reply, std::string_view bytes, std::size_t choice = 0) {
    for (const char c : bytes) ASSERT_TRUE(reply.add(choice, byte(c), std::nullopt));
  }
  std::vector<std::string> contents() {
    std::vector<std::string> out;
    for (const auto& event : flight_->read(0).events) {
      for (const auto& choice : event->choices) {
        if (choice.content && !choice.content->empty()) out.push_back(*choice.content);
      }
    }
    return out;
  }

  std::shared_ptr<const llama::Model> model_ = tests::tiny_model("gqa");
  llama::Vocabulary words_{model_};
  std::shared_ptr<chat::Flight> flight_ =
      std::make_shared<chat::Flight>(std::size_t{1} << 20U);
};

TEST_F(ReplyingTest, TokensBecomeEventsOfWholeCharacters) {
  Replying reply = make(completion());
  write(reply, "a\xC3\xA9z");
  EXPECT_THAT(contents(), ElementsAre("a", "\xC3\xA9", "z"));
}

TEST_F(ReplyingTest, AHeldAnswerEndsWhenItIsReleased) {
  Replying reply = make(completion());
  reply.hold();
  reply.begin({});
  reply.end(0, "stop");
  EXPECT_FALSE(reply.over());
  reply.release();
  EXPECT_TRUE(flight_->answer());
}

TEST_F(ReplyingTest, TheFlightEndsWithUsageWhenTheLastChoiceHasEnded) {
  Order order = completion();
  order.choices = 2;
  Replying reply = make(order);
  reply.begin({});
  reply.count_prompt(7, 3);
  write(reply, "ab", 0);
  write(reply, "c", 1);
  reply.end(0, "stop");
  EXPECT_FALSE(reply.over());
  reply.end(1, "length");
  EXPECT_TRUE(reply.over());
  auto answer = flight_->answer();
  ASSERT_TRUE(answer);
  EXPECT_THAT(chat::finishes(*answer), ElementsAre("stop", "length"));
  EXPECT_EQ(chat::usage(*answer).prompt_tokens, 7);
  EXPECT_EQ(chat::usage(*answer).completion_tokens, 3);
  EXPECT_EQ(json::write(*chat::fold(answer->events).usage.find("prompt_tokens_details")),
            R"({"cached_tokens":3})");
}

TEST_F(ReplyingTest, AStopSequenceIsNamedAndNotShown) {
  Order order = completion();
  order.stops = {"xy"};
  Replying reply = make(order);
  write(reply, "ax");
  auto next = reply.add(0, byte('y'), std::nullopt);
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, Replying::Next::stops);
  reply.end(0, "stop");
  EXPECT_THAT(contents(), ElementsAre("a"));
  const chat::Event folded = chat::fold(flight_->read(0).events);
  EXPECT_EQ(folded.choices[0].extra.front().name, "stop_reason");
}

TEST_F(ReplyingTest, ChancesOfTokensThatAStopCutsAreNotShown) {
  Order order = completion();
  order.stops = {"xy"};
  order.top_logprobs = 0;
  Replying reply = make(order);
  for (const char c : std::string_view("axy")) {
    ASSERT_TRUE(reply.add(0, byte(c), Chances{{byte(c), -1}, {}}));
  }
  reply.end(0, "stop");
  const chat::Event folded = chat::fold(flight_->read(0).events);
  EXPECT_EQ(json::write(*folded.choices[0].logprobs.find("tokens")), R"(["a"])");
}

TEST_F(ReplyingTest, AChatBeginsWithItsRole) {
  Replying reply = make({});
  write(reply, "a");
  EXPECT_EQ(flight_->read(0).events.front()->choices[0].role, "assistant");
}

TEST_F(ReplyingTest, AnEchoComesFirst) {
  Order order = completion();
  order.echo = true;
  Replying reply = make(order);
  write(reply, "a");
  EXPECT_THAT(contents(), ElementsAre("the prompt", "a"));
}

TEST_F(ReplyingTest, AFailureEndsTheFlightOnce) {
  Replying reply = make(completion());
  reply.fail({base::Code::deadline, "late"});
  reply.end(0, "stop");
  EXPECT_EQ(flight_->read(0).end->error.code, base::Code::deadline);
}

TEST_F(ReplyingTest, WhoLeftAndWhatIsLateIsNotWanted) {
  base::Call call;
  call.deadline = base::Instant(std::chrono::seconds(10));
  Replying reply({completion(), std::nullopt, "m", "fp", call, flight_}, words_, {""});
  EXPECT_FALSE(reply.why_not(base::Instant(std::chrono::seconds(9))));
  EXPECT_EQ(reply.why_not(base::Instant(std::chrono::seconds(10)))->code, base::Code::deadline);
  flight_->join();
  flight_->leave();
  EXPECT_EQ(reply.why_not({})->code, base::Code::cancelled);
}

}  // namespace
}  // namespace refrain::engine
