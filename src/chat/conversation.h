#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace refrain::chat {

/// One turn of a conversation whose contents are plain texts.
struct Turn {
  std::string role{}, content{};
  json::Object more{};  // members that nobody here knows: part of what was asked
  bool operator==(const Turn&) const = default;
};
using Conversation = std::vector<Turn>;

/// All turns in one text: role###content, joined by |||. Reversible whatever the contents are: a
/// `\` stands before each `\`, and before each `#` or `|` of a run of three or at an edge, so that
/// ordinary texts stay as they are. `more` is left out.
std::string splice(const Conversation& turns);
/// The turns that splice() wrote. nullopt: no text of splice().
std::optional<Conversation> unsplice(std::string_view text);

/// What of a conversation is its key: equal keys are one question. Names as in settings.
enum class KeyForm : std::uint8_t {
  conversation,  // every turn counts; the last user turn alone is compared by meaning
  splice,        // every turn, spliced; compared by meaning as one text
  last_message,  // "role: content" of the last turn only
  last_content,  // its content only
  stripped,      // its content without the given patterns
  all_contents   // all contents, one a line
};
std::string_view name(KeyForm form) noexcept;
std::optional<KeyForm> parse_key_form(std::string_view text) noexcept;

/// Index of the turn that conversation form compares by meaning: the last one of role user, else
/// the last one. turns: not empty.
std::size_t asking_turn(const Conversation& turns);

/// The key as a text, which is what a hit shows as its question. turns: not empty.
/// patterns: what stripped form takes out, one after the other, wherever it stands; "" is ignored.
std::string key_text(KeyForm form, const Conversation& turns,
                     const std::vector<std::string>& patterns = {});

}  // namespace refrain::chat
