#include "chat/conversation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace refrain::chat {
namespace {

constexpr std::string_view kContent = "###", kNext = "|||";
constexpr std::size_t kRun = 3;

constexpr std::array<std::pair<KeyForm, std::string_view>, 6> kForms = {
    {{KeyForm::conversation, "conversation"},
     {KeyForm::splice, "splice"},
     {KeyForm::last_message, "last-message"},
     {KeyForm::last_content, "last-content"},
     {KeyForm::stripped, "stripped"},
     {KeyForm::all_contents, "all-contents"}}};

// A run at an edge would grow together with the delimiter beside it.
void escape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    std::size_t end = i + 1;
    while (end < text.size() && text[end] == c) ++end;
    const bool delimits = c == '#' || c == '|';
    const bool risky = end - i >= kRun || i == 0 || end == text.size();
    for (; i < end; ++i) {
      if (c == '\\' || (delimits && risky)) out += '\\';
      out += c;
    }
  }
}

void erase_all(std::string& text, std::string_view pattern) {
  if (pattern.empty()) return;
  for (std::size_t at = text.find(pattern); at != std::string::npos; at = text.find(pattern, at)) {
    text.erase(at, pattern.size());
  }
}

}  // namespace

std::string splice(const Conversation& turns) {
  std::string out;
  for (const Turn& turn : turns) {
    if (&turn != &turns.front()) out += kNext;
    escape(turn.role, out);
    out += kContent;
    escape(turn.content, out);
  }
  return out;
}

std::optional<Conversation> unsplice(std::string_view text) {
  Conversation turns;
  if (text.empty()) return turns;
  turns.emplace_back();
  bool in_role = true;
  while (!text.empty()) {
    std::string& part = in_role ? turns.back().role : turns.back().content;
    if (text.starts_with(kContent)) {
      if (!std::exchange(in_role, false)) return std::nullopt;
      text.remove_prefix(kContent.size());
    } else if (text.starts_with(kNext)) {
      if (std::exchange(in_role, true)) return std::nullopt;
      turns.emplace_back();
      text.remove_prefix(kNext.size());
    } else {
      if (text.front() == '\\') text.remove_prefix(1);
      if (text.empty()) return std::nullopt;
      part += text.front();
      text.remove_prefix(1);
    }
  }
  if (in_role) return std::nullopt;
  return turns;
}

std::string_view name(KeyForm form) noexcept {
  for (const auto& [value, word] : kForms) {
    if (value == form) return word;
  }
  return "conversation";
}

std::optional<KeyForm> parse_key_form(std::string_view text) noexcept {
  for (const auto& [value, word] : kForms) {
    if (word == text) return value;
  }
  return std::nullopt;
}

std::size_t asking_turn(const Conversation& turns) {
  for (std::size_t i = turns.size(); i-- > 0;) {
    if (turns[i].role == "user") return i;
  }
  return turns.size() - 1;
}

std::string key_text(KeyForm form, const Conversation& turns,
                     const std::vector<std::string>& patterns) {
  std::string out;
  switch (form) {
    case KeyForm::conversation:
    case KeyForm::splice: return splice(turns);
    case KeyForm::last_message: return turns.back().role + ": " + turns.back().content;
    case KeyForm::last_content: return turns.back().content;
    case KeyForm::stripped:
      out = turns.back().content;
      for (const std::string& pattern : patterns) erase_all(out, pattern);
      return out;
    case KeyForm::all_contents:
      for (const Turn& turn : turns) {
        if (&turn != &turns.front()) out += '\n';
        out += turn.content;
      }
      return out;
  }
  return out;
}

}  // namespace refrain::chat
