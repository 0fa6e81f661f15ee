#include "serve/alone_place.h"

#include <gtest/gtest.h>

#include "json/value.h"

namespace refrain::serve {
namespace {

chat::Request request(const std::string& messages) {
  chat::Request out;
  out.model = "m";
  out.body = *json::parse(R"({"model":"m","messages":[)" + messages + "]}");
  out.text = out.body.find("messages")->array()->back().text("content");
  return out;
}

const key::Scope kScope{key::ScopeKind::tenant, "t", ""};
constexpr const char* kQuestion = R"({"role":"user","content":"How do I reset my password?"})";
constexpr const char* kEarlier =
    R"({"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."},)";
constexpr const char* kSystem = R"({"role":"system","content":"Be brief."},)";

TEST(AlonePlace, IsWhereTheSameQuestionAloneIsFound) {
  const auto place = alone_place(request(kEarlier + std::string(kQuestion)), kScope, {});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->identity.canonical, key::identify(request(kQuestion), kScope).canonical);
}

TEST(AlonePlace, KeepsTheSystemPrompt) {
  const std::string system = kSystem;
  const auto place = alone_place(request(system + kEarlier + kQuestion), kScope, {});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->identity.canonical,
            key::identify(request(system + kQuestion), kScope).canonical);
}

TEST(AlonePlace, AQuestionThatLeansOnEarlierTurnsHasNone) {
  const std::string leaning = R"({"role":"user","content":"And how do I reset the password?"})";
  EXPECT_FALSE(alone_place(request(kEarlier + leaning), kScope, {}));
}

TEST(AlonePlace, TheFirstQuestionOfAConversationHasNone) {
  EXPECT_FALSE(alone_place(request(kQuestion), kScope, {}));
  EXPECT_FALSE(alone_place(request(kSystem + std::string(kQuestion)), kScope, {}));
}

}  // namespace
}  // namespace refrain::serve
