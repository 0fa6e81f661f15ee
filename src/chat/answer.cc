#include "chat/answer.h"

#include <algorithm>

namespace refrain::chat {
namespace {

std::int64_t count_of(const json::Value& usage, std::string_view name) {
  const json::Value* value = usage.find(name);
  return value == nullptr ? 0 : std::max<std::int64_t>(value->as_int().value_or(0), 0);
}

std::size_t footprint(const json::Value& value);

std::size_t footprint(const json::Object& members) {
  std::size_t bytes = 0;
  for (const json::Member& member : members) {
    bytes += sizeof(std::string) + member.name.size() + footprint(member.value);
  }
  return bytes;
}

std::size_t footprint(const json::Value& value) {
  std::size_t bytes = sizeof value;
  if (const std::string* text = value.string()) bytes += text->size();
  if (const json::Number* number = value.number()) bytes += number->text.size();
  if (const json::Object* object = value.object()) bytes += footprint(*object);
  if (const json::Array* array = value.array()) {
    for (const json::Value& item : *array) bytes += footprint(item);
  }
  return bytes;
}

std::size_t footprint(const ChoiceDelta& choice) {
  std::size_t bytes = sizeof choice + choice.reasoning_name.size();
  for (const auto* text :
       {&choice.role, &choice.content, &choice.refusal, &choice.reasoning, &choice.finish}) {
    if (*text) bytes += (*text)->size();
  }
  for (const ToolDelta& tool : choice.tools) {
    bytes += sizeof tool + tool.id.size() + tool.type.size() + tool.name.size() +
             tool.arguments.size() + footprint(tool.extra);
  }
  return bytes + footprint(choice.logprobs) + footprint(choice.delta_extra) +
         footprint(choice.extra);
}

}  // namespace

Usage usage(const Answer& answer) {
  Usage sum;
  for (auto event = answer.events.rbegin(); event != answer.events.rend(); ++event) {
    const json::Value& sent = (*event)->usage;
    if (sent.is_null()) continue;
    sum.prompt_tokens = count_of(sent, "prompt_tokens");
    sum.completion_tokens = count_of(sent, "completion_tokens");
    sum.total_tokens = count_of(sent, "total_tokens");
    if (sent.find("total_tokens") == nullptr) {
      sum.total_tokens = sum.prompt_tokens + sum.completion_tokens;
    }
    break;
  }
  return sum;
}

std::string text(const Answer& answer) {
  std::string joined;
  for (const auto& event : answer.events) {
    for (const ChoiceDelta& choice : event->choices) {
      if (choice.index == 0 && choice.content) joined += *choice.content;
    }
  }
  return joined;
}

std::vector<std::string> finishes(const Answer& answer) {
  std::vector<std::string> reasons;
  for (const auto& event : answer.events) {
    for (const ChoiceDelta& choice : event->choices) {
      if (choice.index >= kChoicesMax) continue;
      if (choice.index >= reasons.size()) reasons.resize(choice.index + std::size_t{1});
      if (choice.finish) reasons[choice.index] = *choice.finish;
    }
  }
  return reasons;
}

std::size_t footprint(const Event& event) {
  std::size_t bytes = sizeof event + footprint(event.usage) + footprint(event.head);
  for (const ChoiceDelta& choice : event.choices) bytes += footprint(choice);
  return bytes;
}

std::size_t footprint(const Answer& answer) {
  std::size_t bytes = sizeof answer;
  for (const auto& event : answer.events) bytes += sizeof event + footprint(*event);
  return bytes;
}

}  // namespace refrain::chat
