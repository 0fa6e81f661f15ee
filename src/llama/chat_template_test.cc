#include "llama/chat_template.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace refrain::llama {
namespace {

class ChatTemplateTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = ChatTemplate::open(tests::tiny_model("gqa"));
    ASSERT_TRUE(opened) << opened.error().what;
    template_ = std::move(*opened);
  }
  std::unique_ptr<ChatTemplate> template_;
};

TEST_F(ChatTemplateTest, MessagesBecomeThePromptOfTheModelsTemplate) {
  auto prompt = template_->apply(
      {.messages = R"([{"role":"system","content":"Be short."},{"role":"user","content":"Hi"}])"});
  ASSERT_TRUE(prompt) << prompt.error().what;
  EXPECT_EQ(prompt->text, "system: Be short.user: Hiassistant:");
  EXPECT_EQ(prompt->constraint.kind, Constraint::Kind::none);
  EXPECT_EQ(prompt->parser, "");
}

TEST_F(ChatTemplateTest, PartsOfTextAreJoined) {
  auto prompt = template_->apply(
      {.messages = R"([{"role":"user","content":[{"type":"text","text":"Hi"}]}])"});
  ASSERT_TRUE(prompt) << prompt.error().what;
  EXPECT_EQ(prompt->text, "user: Hiassistant:");
}

TEST_F(ChatTemplateTest, MessagesOfAnotherShapeAreInvalid) {
  auto prompt = template_->apply({.messages = R"([{"content":"no role"}])"});
  ASSERT_FALSE(prompt);
  EXPECT_EQ(prompt.error().code, base::Code::invalid);
}

TEST_F(ChatTemplateTest, ASchemaBecomesAGrammarOfTheWholeAnswer) {
  auto prompt = template_->apply({.messages = R"([{"role":"user","content":"Hi"}])",
                                  .schema = R"({"type":"object"})"});
  ASSERT_TRUE(prompt) << prompt.error().what;
  EXPECT_EQ(prompt->constraint.kind, Constraint::Kind::format);
  EXPECT_NE(prompt->constraint.grammar.find("root"), std::string::npos);
}

TEST(Grammar, ASchemaThatIsNoneIsInvalid) {
  auto grammar = grammar_of_schema(R"({"type":"nonsense"})");
  ASSERT_FALSE(grammar);
  EXPECT_EQ(grammar.error().code, base::Code::invalid);
}

TEST(Grammar, ASchemaIsReadIntoRules) {
  auto grammar = grammar_of_schema(R"({"type":"object","properties":{"a":{"type":"integer"}}})");
  ASSERT_TRUE(grammar) << grammar.error().what;
  EXPECT_NE(grammar->find("root ::="), std::string::npos);
}

}  // namespace
}  // namespace refrain::llama
