// Two requests share bytes if they mean the same, and never otherwise. What "the same" is, is said
// here a second time and in another way: sorted text with numbers as doubles, which hold every
// number that any_number() gives.
#include <gtest/gtest.h>

#include <map>

#include <fmt/format.h>

#include "key/identity.h"
#include "tests/property/json_values.h"

namespace refrain::property {
namespace {

using chat::Dialect;
using key::Identity;
using key::Scope;

std::string bytes_of(const json::Value& value) {
  std::string out;
  key::canonical(value, out);
  return out;
}

std::string meaning(const json::Value& value) {
  if (value.is_number()) return fmt::format("{}", *value.as_double() + 0.0);
  if (const json::Array* array = value.array()) {
    std::string out = "[";
    for (const json::Value& item : *array) out += meaning(item) + ",";
    return out + "]";
  }
  if (const json::Object* object = value.object()) {
    std::map<std::string, std::string> sorted;
    for (const json::Member& member : *object)
      sorted[json::write(member.name)] = meaning(member.value);
    std::string out = "{";
    for (const auto& [name, text] : sorted) out += name + ":" + text + ",";
    return out + "}";
  }
  return json::write(value);
}

// Another text of the same string: each ASCII character plain or as \u00xx.
std::string respell(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool escape = byte < 0x20 || c == '"' || c == '\\' || (byte < 0x80 && pick(2) == 0);
    out += escape ? fmt::format("\\u{:04X}", byte) : std::string(1, c);
  }
  return out + "\"";
}

// Another text of the same value: members in another order, numbers and strings spelled anew.
std::string respell(const json::Value& value) {
  if (const std::string* text = value.string()) return respell(*text);
  if (const json::Number* number = value.number()) {
    bool plain = number->text.find_first_of(".e") == std::string::npos;
    return number->text + (plain && pick(2) == 0 ? ".0" : "") +
           (number->text.find('e') == std::string::npos && pick(2) == 0 ? "E+0" : "");
  }
  std::string out;
  if (const json::Array* array = value.array()) {
    for (const json::Value& item : *array) out += (out.empty() ? " " : " ,") + respell(item);
    return "[" + out + "]";
  }
  if (const json::Object* object = value.object()) {
    json::Object turned(object->rbegin(), object->rend());
    for (const json::Member& member : turned) {
      out += (out.empty() ? "" : ",\t") + respell(member.name) + " : " + respell(member.value);
    }
    return "{" + out + "}";
  }
  return json::write(value);
}

chat::Request request(Dialect dialect, json::Value body) {
  chat::Request made;
  made.dialect = dialect;
  made.model = "m";
  made.body = std::move(body);
  return made;
}

Dialect any_dialect() { return static_cast<Dialect>(pick(5)); }

Scope any_scope() {
  // Few pieces and lengths that look like tags, so that confusable scopes come often.
  auto word = [] {
    std::string text;
    for (std::size_t left = pick(4); left > 0; --left) {
      text += std::string_view("as\0\1\2/:", 7)[pick(7)];
    }
    return text;
  };
  auto kind = static_cast<key::ScopeKind>(pick(3));
  std::string tenant = word();
  return {kind, tenant, word()};
}

TEST(KeyProperty, SpellingAndOrderSayNothing) {
  EXPECT_TRUE(rc::check([] {
    json::Value value = any_value(4);
    std::string text = respell(value);
    base::Result<json::Value> other = json::parse(text);
    RC_ASSERT(other.has_value());
    RC_ASSERT(bytes_of(*other) == bytes_of(value));
  }));
}

TEST(KeyProperty, BytesAreEqualExactlyIfMeaningIs) {
  EXPECT_TRUE(rc::check([] {
    json::Value one = any_value(2), other = any_value(2);
    RC_ASSERT((bytes_of(one) == bytes_of(other)) == (meaning(one) == meaning(other)));
  }));
}

TEST(KeyProperty, KeptMembersThatDifferAreNeverShared) {
  EXPECT_TRUE(rc::check([] {
    json::Value one = any_value(2), other = any_value(2);
    RC_PRE(!one.is_null() && !other.is_null() && meaning(one) != meaning(other));
    Dialect dialect = any_dialect();
    auto with = [&](const json::Value& value) {
      json::Value body = json::parse(
                             "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
                             "\"prompt\":\"x\",\"inputs\":\"x\"}")
                             .value();
      body.set("kept", value);
      return key::identify(request(dialect, body), {.tenant = "t"});
    };
    RC_ASSERT(with(one).canonical != with(other).canonical);
    RC_ASSERT(with(one).space != with(other).space);
  }));
}

TEST(KeyProperty, TextOfTheQuestionMovesTheKeyAndNotTheSpace) {
  EXPECT_TRUE(rc::check([] {
    std::string one = any_text(), other = any_text();
    RC_PRE(one != other);
    auto with = [](const std::string& text) {
      json::Value message;
      message.set("role", "user");
      message.set("content", text);
      json::Value body;
      body.set("messages", json::Array{message});
      return key::identify(request(Dialect::openai_chat, body), {.tenant = "t"});
    };
    RC_ASSERT(with(one).canonical != with(other).canonical);
    RC_ASSERT(with(one).space == with(other).space);
  }));
}

TEST(KeyProperty, ScopesNeverMeet) {
  EXPECT_TRUE(rc::check([] {
    Scope one = any_scope(), other = any_scope();
    RC_PRE(!(one == other));
    json::Value body = any_value(2), other_body = any_value(2);
    Dialect dialect = any_dialect();
    Identity a = key::identify(request(dialect, body), one);
    Identity b = key::identify(request(dialect, other_body), other);
    RC_ASSERT(key::bytes(one) != key::bytes(other));
    RC_ASSERT(a.canonical != b.canonical);
    RC_ASSERT(a.space != b.space);
  }));
}

TEST(KeyProperty, DialectsNeverMeet) {
  EXPECT_TRUE(rc::check([] {
    Dialect one = any_dialect(), other = any_dialect();
    RC_PRE(one != other);
    json::Value body = any_value(3);
    Identity a = key::identify(request(one, body), {.tenant = "t"});
    Identity b = key::identify(request(other, body), {.tenant = "t"});
    RC_ASSERT(a.canonical != b.canonical);
    RC_ASSERT(a.space != b.space);
  }));
}

}  // namespace
}  // namespace refrain::property
