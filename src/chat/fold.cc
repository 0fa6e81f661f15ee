// A stream says one answer in pieces; a client that wants it whole gets the pieces put together.
//
// What is text grows: content, refusal, reasoning and the arguments of each tool call are joined in
// order. What is a list grows too: log probabilities come token by token, as {"content":[...]} or,
// in completions, as {"tokens":[...], "token_logprobs":[...]}, and a member nobody here knows is
// taken to work alike. So do the sound and the transcript of a spoken answer. All else is said by
// whoever says it last. Null says nothing, but it stays where it is all there is: a door that sent
// "refusal":null sends it again.
#include <map>

#include "base/base64.h"
#include "chat/answer.h"

namespace refrain::chat {
namespace {

struct Folded {
  ChoiceDelta choice;
  std::map<std::uint32_t, ToolDelta> tools;
};

void join(std::optional<std::string>& into, const std::optional<std::string>& piece) {
  if (!piece) return;
  if (!into) into.emplace();
  *into += *piece;
}

void replace(std::string& into, const std::string& piece) {
  if (!piece.empty()) into = piece;
}

json::Value* find(json::Object& members, std::string_view name) {
  for (json::Member& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

void merge(json::Object& into, const json::Object& piece);

void merge(json::Value& into, const json::Value& piece) {
  if (piece.is_null()) return;
  if (into.is_array() && piece.is_array()) {
    into.array()->insert(into.array()->end(), piece.array()->begin(), piece.array()->end());
  } else if (into.is_object() && piece.is_object()) {
    merge(*into.object(), *piece.object());
  } else {
    into = piece;
  }
}

void merge(json::Object& into, const json::Object& piece) {
  for (const json::Member& member : piece) {
    if (json::Value* there = find(into, member.name)) {
      merge(*there, member.value);
    } else {
      into.push_back(member);
    }
  }
}

std::string* text_of(json::Object& members, std::string_view name) {
  json::Value* value = find(members, name);
  return value ? value->string() : nullptr;
}

// A spoken answer: its sound, base64 of each piece, and its transcript grow; id and expiry do not.
void merge_audio(json::Value& into, json::Value piece) {
  for (std::string_view name : {"data", "transcript"}) {
    std::string* more = piece.is_object() ? text_of(*piece.object(), name) : nullptr;
    std::string* there = into.is_object() ? text_of(*into.object(), name) : nullptr;
    if (!more || !there) continue;
    *more = name == "data" ? base::join_base64(*there, *more) : *there + *more;
  }
  merge(into, piece);
}

void merge_delta(json::Object& into, const json::Object& piece) {
  for (const json::Member& member : piece) {
    json::Value* there = find(into, member.name);
    if (!there) {
      into.push_back(member);
    } else if (member.name == "audio") {
      merge_audio(*there, member.value);
    } else {
      merge(*there, member.value);
    }
  }
}

void add(ToolDelta& into, const ToolDelta& piece) {
  into.index = piece.index;
  replace(into.id, piece.id);
  replace(into.type, piece.type);
  replace(into.name, piece.name);
  into.arguments += piece.arguments;
  merge(into.extra, piece.extra);
}

void add(Folded& into, const ChoiceDelta& piece) {
  ChoiceDelta& choice = into.choice;
  choice.index = piece.index;
  if (piece.role) choice.role = piece.role;
  join(choice.content, piece.content);
  join(choice.refusal, piece.refusal);
  join(choice.reasoning, piece.reasoning);
  replace(choice.reasoning_name, piece.reasoning_name);
  for (const ToolDelta& tool : piece.tools) add(into.tools[tool.index], tool);
  merge(choice.logprobs, piece.logprobs);
  if (piece.finish) choice.finish = piece.finish;
  merge_delta(choice.delta_extra, piece.delta_extra);
  merge(choice.extra, piece.extra);
}

}  // namespace

Event fold(const std::vector<std::shared_ptr<const Event>>& events) {
  std::map<std::uint32_t, Folded> choices;
  Event whole;
  for (const auto& event : events) {
    for (const ChoiceDelta& piece : event->choices) add(choices[piece.index], piece);
    if (!event->usage.is_null()) whole.usage = event->usage;
    for (const json::Member& member : event->head) {
      json::Value* there = find(whole.head, member.name);
      if (there == nullptr) {
        whole.head.push_back(member);
      } else if (!member.value.is_null()) {
        *there = member.value;
      }
    }
  }
  for (auto& [index, folded] : choices) {
    for (auto& [tool_index, tool] : folded.tools) folded.choice.tools.push_back(std::move(tool));
    whole.choices.push_back(std::move(folded.choice));
  }
  return whole;
}

}  // namespace refrain::chat
