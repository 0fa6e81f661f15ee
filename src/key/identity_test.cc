#include "key/identity.h"

#include <gtest/gtest.h>

namespace refrain::key {
namespace {

using chat::Dialect;

chat::Request request(Dialect dialect, std::string_view body) {
  chat::Request made;
  made.dialect = dialect;
  made.body = json::parse(body).value();
  made.model = made.body.text("model");
  return made;
}

Identity of(Dialect dialect, std::string_view body, const Rules& rules = {}) {
  return identify(request(dialect, body), {.tenant = "t", .user = ""}, rules);
}

Identity chat_of(std::string_view members, const Rules& rules = {}) {
  return of(Dialect::openai_chat,
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" +
                std::string(members) + "}",
            rules);
}

Identity talk(std::string_view messages) {
  return of(Dialect::openai_chat, "{\"model\":\"m\",\"messages\":" + std::string(messages) + "}");
}

void expect_same(const Identity& a, const Identity& b) {
  EXPECT_EQ(a.canonical, b.canonical);
  EXPECT_EQ(a.exact, b.exact);
  EXPECT_EQ(a.space, b.space);
}

void expect_apart(const Identity& a, const Identity& b) {
  EXPECT_NE(a.canonical, b.canonical);
  EXPECT_NE(a.exact, b.exact);
  EXPECT_NE(a.space, b.space);
}

TEST(Identity, WhatConcernsTransportIsLeftOut) {
  for (const char* member : {",\"stream\":true", ",\"stream_options\":{\"include_usage\":true}",
                             ",\"user\":\"u\"", ",\"metadata\":{\"a\":\"b\"}", ",\"store\":true",
                             ",\"safety_identifier\":\"s\"", ",\"prompt_cache_key\":\"k\"",
                             ",\"service_tier\":\"flex\"", ",\"cache\":{\"no-cache\":true}"}) {
    expect_same(chat_of(member), chat_of(""));
  }
}

TEST(Identity, WhatChangesTheAnswerStaysIn) {
  for (const char* member :
       {",\"temperature\":0", ",\"temperature\":1", ",\"top_p\":0.5", ",\"seed\":7", ",\"n\":2",
        ",\"max_tokens\":5", ",\"stop\":\"x\"", ",\"tools\":[{\"type\":\"function\"}]",
        ",\"tool_choice\":\"none\"", ",\"response_format\":{\"type\":\"json_object\"}",
        ",\"logprobs\":true", ",\"reasoning_effort\":\"low\"", ",\"unheard_of\":1"}) {
    expect_apart(chat_of(member), chat_of(""));
  }
  expect_apart(chat_of(",\"temperature\":0"), chat_of(",\"temperature\":1"));
}

TEST(Identity, NullMemberIsAbsent) {
  expect_same(chat_of(",\"temperature\":null,\"tools\":null"), chat_of(""));
  expect_same(talk("[{\"role\":\"user\",\"content\":\"x\",\"name\":null}]"),
              talk("[{\"role\":\"user\",\"content\":\"x\"}]"));
}

TEST(Identity, OneChoiceIsTheDefault) {
  expect_same(chat_of(",\"n\":1"), chat_of(""));
  expect_same(chat_of(",\"n\":1.0"), chat_of(""));
}

TEST(Identity, BothNamesOfTheLimitAreOne) {
  expect_same(chat_of(",\"max_tokens\":50"), chat_of(",\"max_completion_tokens\":50.0"));
  expect_same(chat_of(",\"max_tokens\":50,\"max_completion_tokens\":50"),
              chat_of(",\"max_tokens\":50"));
  expect_apart(chat_of(",\"max_tokens\":50,\"max_completion_tokens\":60"),
               chat_of(",\"max_tokens\":60,\"max_completion_tokens\":50"));
  expect_apart(chat_of(",\"max_tokens\":50"), chat_of(",\"max_tokens\":51"));
}

TEST(Identity, OrderOfToolsSaysNothing) {
  expect_same(chat_of(",\"tools\":[{\"a\":1},{\"b\":2}]"),
              chat_of(",\"tools\":[{\"b\":2},{\"a\":1}]"));
  expect_apart(chat_of(",\"tools\":[{\"a\":1}]"), chat_of(",\"tools\":[{\"a\":1},{\"a\":1}]"));
}

TEST(Identity, OneStopWordIsAListOfOne) {
  expect_same(chat_of(",\"stop\":\"a\""), chat_of(",\"stop\":[\"a\"]"));
  expect_apart(chat_of(",\"stop\":\"a\""), chat_of(",\"stop\":[\"a\",\"b\"]"));
}

TEST(Identity, TextIsAPartOfText) {
  expect_same(talk("[{\"role\":\"user\",\"content\":\"x\"}]"),
              talk("[{\"content\":[{\"type\":\"text\",\"text\":\"x\"}],\"role\":\"user\"}]"));
  expect_same(talk("[{\"role\":\"system\",\"content\":\"x\"}]"),
              talk("[{\"role\":\"system\",\"content\":[{\"text\":\"x\",\"type\":\"text\"}]}]"));
}

TEST(Identity, MessagesKeepTheirOrder) {
  expect_apart(
      talk("[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"system\",\"content\":\"b\"}]"),
      talk("[{\"role\":\"system\",\"content\":\"b\"},{\"role\":\"user\",\"content\":\"a\"}]"));
}

TEST(Identity, SpaceLeavesOutTheTextOfTheLastUserMessage) {
  Identity france = talk("[{\"role\":\"user\",\"content\":\"France?\"}]");
  Identity spain = talk("[{\"role\":\"user\",\"content\":\"Spain, please?\"}]");
  EXPECT_EQ(france.space, spain.space);
  EXPECT_NE(france.exact, spain.exact);
  EXPECT_NE(france.space, france.exact);
}

TEST(Identity, SpaceKeepsEarlierTurnsRolesAndSystemPrompt) {
  const char* last = ",{\"role\":\"user\",\"content\":\"x\"}]";
  auto with = [&](std::string first) { return talk("[" + first + last); };
  expect_apart(with("{\"role\":\"system\",\"content\":\"a\"}"),
               with("{\"role\":\"system\",\"content\":\"b\"}"));
  expect_apart(with("{\"role\":\"user\",\"content\":\"a\"}"),
               with("{\"role\":\"user\",\"content\":\"b\"}"));
  expect_apart(with("{\"role\":\"user\",\"content\":\"a\"}"),
               with("{\"role\":\"assistant\",\"content\":\"a\"}"));
}

TEST(Identity, SpaceKeepsImagesOfTheLastUserMessage) {
  auto with = [](std::string text, std::string url) {
    return talk("[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"" + text +
                "\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"" + url + "\"}}]}]");
  };
  EXPECT_EQ(with("what?", "cat").space, with("who?", "cat").space);
  EXPECT_NE(with("what?", "cat").space, with("what?", "dog").space);
}

TEST(Identity, SpaceKeepsWhatFollowsTheLastUserMessage) {
  expect_apart(
      talk("[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"tool\",\"content\":\"1\"}]"),
      talk("[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"tool\",\"content\":\"2\"}]"));
}

TEST(Identity, PromptAndInputsAreTheHolesOfTheirDialects) {
  EXPECT_EQ(of(Dialect::openai_completion, "{\"prompt\":\"a\"}").space,
            of(Dialect::openai_completion, "{\"prompt\":\"b\"}").space);
  EXPECT_EQ(of(Dialect::tgi, "{\"inputs\":\"a\"}").space,
            of(Dialect::tgi, "{\"inputs\":\"b\"}").space);
  EXPECT_EQ(of(Dialect::gkv, "{\"inputs\":\"a\"}").space,
            of(Dialect::gkv, "{\"inputs\":\"b\"}").space);
  expect_same(of(Dialect::openai_completion, "{\"prompt\":\"a\"}"),
              of(Dialect::openai_completion, "{\"prompt\":[\"a\"]}"));
}

TEST(Identity, SeveralPromptsAndTokensStayInTheSpace) {
  expect_apart(of(Dialect::openai_completion, "{\"prompt\":[\"a\",\"b\"]}"),
               of(Dialect::openai_completion, "{\"prompt\":[\"a\",\"c\"]}"));
  expect_apart(of(Dialect::openai_completion, "{\"prompt\":[1,2]}"),
               of(Dialect::openai_completion, "{\"prompt\":[1,3]}"));
}

TEST(Identity, EmbeddingInputStaysInTheSpace) {
  expect_apart(of(Dialect::openai_embedding, "{\"input\":\"a\"}"),
               of(Dialect::openai_embedding, "{\"input\":\"b\"}"));
  expect_same(of(Dialect::openai_embedding, "{\"input\":\"a\"}"),
              of(Dialect::openai_embedding, "{\"input\":[\"a\"]}"));
}

TEST(Identity, ParametersOfTgiThatShapeTheReplyStayIn) {
  Identity plain = of(Dialect::tgi, "{\"inputs\":\"a\"}");
  for (const char* member : {"details", "decoder_input_details", "return_full_text"}) {
    expect_apart(of(Dialect::tgi,
                    "{\"inputs\":\"a\",\"parameters\":{\"" + std::string(member) + "\":true}}"),
                 plain);
  }
  expect_apart(of(Dialect::tgi, "{\"inputs\":\"a\",\"parameters\":{\"top_n_tokens\":2}}"), plain);
  expect_same(of(Dialect::tgi, "{\"inputs\":\"a\",\"stream\":true,\"parameters\":{\"seed\":null}}"),
              plain);
}

TEST(Identity, HundredNewTokensAreTheDefaultOfGkvOnly) {
  expect_same(of(Dialect::gkv, "{\"inputs\":\"a\",\"parameters\":{\"max_new_tokens\":100}}"),
              of(Dialect::gkv, "{\"inputs\":\"a\",\"user_id\":\"u\",\"cache_strategy\":\"x\"}"));
  expect_apart(of(Dialect::gkv, "{\"inputs\":\"a\",\"parameters\":{\"max_new_tokens\":99}}"),
               of(Dialect::gkv, "{\"inputs\":\"a\"}"));
  expect_apart(of(Dialect::tgi, "{\"inputs\":\"a\",\"parameters\":{\"max_new_tokens\":100}}"),
               of(Dialect::tgi, "{\"inputs\":\"a\"}"));
}

TEST(Identity, DialectsNeverMeet) {
  expect_apart(of(Dialect::tgi, "{\"inputs\":\"a\"}"), of(Dialect::gkv, "{\"inputs\":\"a\"}"));
}

TEST(Identity, ModelCountsWhetherRoutedOrWritten) {
  chat::Request one = request(Dialect::openai_chat, "{\"model\":\"a\"}");
  chat::Request routed = one, other = one;
  routed.model = "b";
  other.body = json::parse("{\"model\":\"b\"}").value();
  Scope scope{.tenant = "t", .user = ""};
  expect_apart(identify(one, scope), identify(routed, scope));
  expect_apart(identify(one, scope), identify(other, scope));
}

TEST(Identity, RouteMayIgnoreMembersButNeverTheQuestion) {
  Rules rules{.ignore = {"temperature", "messages"}};
  expect_same(chat_of(",\"temperature\":0.3", rules), chat_of(""));
  EXPECT_EQ(chat_of("", rules).canonical, chat_of("").canonical);
}

TEST(Identity, ScopesNeverMeetWhateverTheirNamesHold) {
  std::vector<Scope> scopes = {{ScopeKind::tenant, "a", ""},
                               {ScopeKind::user, "a", ""},
                               {ScopeKind::user, "a", "b"},
                               {ScopeKind::user, "ab", ""},
                               {ScopeKind::user, "", "ab"},
                               {ScopeKind::global, "", ""},
                               {ScopeKind::user, "as\1b", ""},
                               {ScopeKind::user, "a", "s\1b"},
                               {ScopeKind::tenant, std::string("a\0", 2), ""},
                               {ScopeKind::user, "", std::string("s\0", 2)},
                               {ScopeKind::user, "s\2", ""}};
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(bytes(scopes[i]), bytes(scopes[j]));
      chat::Request same = request(Dialect::tgi, "{\"inputs\":\"x\"}");
      expect_apart(identify(same, scopes[i]), identify(same, scopes[j]));
    }
  }
}

TEST(Identity, TextThatImitatesAHoleIsNoHole) {
  EXPECT_NE(of(Dialect::tgi, "{\"inputs\":\"T\"}").exact,
            of(Dialect::tgi, "{\"inputs\":\"T\"}").space);
  expect_apart(of(Dialect::tgi, "{\"inputs\":[\"T\"]}"), of(Dialect::tgi, "{\"inputs\":\"T\"}"));
}

TEST(Identity, BodyThatIsNoObjectHasAnIdentityToo) {
  for (const char* body :
       {"null", "[]", "\"x\"", "{\"messages\":7}", "{\"messages\":[null,{}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":[1,{\"type\":\"text\"}]}]}",
        "{\"tools\":{}}", "{\"n\":\"1\"}", "{\"parameters\":[]}"}) {
    for (Dialect dialect : {Dialect::openai_chat, Dialect::tgi, Dialect::gkv}) {
      EXPECT_FALSE(of(dialect, body).canonical.empty());
    }
  }
}

TEST(Identity, ScopeKindsAreReadBackFromTheirNames) {
  for (ScopeKind kind : {ScopeKind::user, ScopeKind::tenant, ScopeKind::global}) {
    EXPECT_EQ(parse_scope(name(kind)), kind);
  }
  EXPECT_EQ(parse_scope("everyone"), std::nullopt);
}

// Keys are in files: what these bytes are may change only with the version in them.
TEST(Identity, CanonicalBytesOfVersionOneNeverChange) {
  EXPECT_EQ(base::hex(of(Dialect::openai_chat,
                         "{\"model\":\"m\",\"temperature\":0.70,\"messages\":[{\"role\":\"user\","
                         "\"content\":\"hi\"}]}")
                          .exact),
            "1e06db2cc1f2db46289497dd6e0837f6");
}

}  // namespace
}  // namespace refrain::key
