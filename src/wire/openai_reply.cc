// A reply or a chunk is taken apart into the neutral event so that nothing is lost: what the event
// has a place for goes there; every other member, and every explicit null, goes into the `extra` of
// its level and is written back from there. A member of an unexpected kind ("content" as a list of
// parts, "arguments" as an object) is an extra too: it travels, though nobody here understands it.
//
// Three things are not where they seem to be. Tool calls of a whole message have no index; their
// place in the list is it (a server that writes one gets it back as an extra). Some servers leave
// the index out of streamed tool calls as well; then a piece with an id begins a call and a piece
// without one continues the last. And a call of a custom tool has name and input under "custom":
// they take the places of name and arguments, and an extra "custom" says where they came from.
#include <algorithm>
#include <limits>
#include <utility>

#include "wire/checks.h"
#include "wire/openai.h"

namespace refrain::wire::openai {
namespace {

using base::Result;
using chat::ChoiceDelta;
using chat::Origin;
using chat::ToolDelta;

/// A choice or a tool call has at most this index: readers keep lists that long.
constexpr std::int64_t kIndexMax = 4095;
constexpr std::uint32_t kNoIndex = std::numeric_limits<std::uint32_t>::max();

enum class Shape : std::uint8_t { whole, chunk };

std::unexpected<base::Error> odd(std::string_view what) {
  return base::fail(base::Code::invalid, "upstream reply: " + std::string(what));
}

Result<std::uint32_t> read_index(const json::Value& value) {
  std::optional<std::int64_t> index = value.as_int();
  if (!index || *index < 0 || *index > kIndexMax) {
    return odd("an index must be 0 to " + std::to_string(kIndexMax) + ", it is " +
               json::write(value));
  }
  return static_cast<std::uint32_t>(*index);
}

/// Moves a string that is not empty into `out`; false if it is none.
bool take(json::Value& value, std::string& out) {
  std::string* text = value.string();
  if (text == nullptr || text->empty()) return false;
  out = std::move(*text);
  return true;
}

bool take(json::Value& value, std::optional<std::string>& out) {
  std::string* text = value.string();
  if (text == nullptr) return false;
  out = std::move(*text);
  return true;
}

/// Takes name and arguments out of "function" or "custom"; what is left over stays in extra.
void take_call(json::Member& member, std::string_view arguments, ToolDelta& tool) {
  json::Object rest;
  for (json::Member& part : *member.value.object()) {
    if (part.name == "name" && take(part.value, tool.name)) continue;
    if (part.name == arguments && part.value.is_string()) {
      tool.arguments = std::move(*part.value.string());
      continue;
    }
    rest.push_back(std::move(part));
  }
  if (!rest.empty() || member.name == "custom") {
    tool.extra.push_back({std::move(member.name), std::move(rest)});
  }
}

Result<ToolDelta> read_tool(json::Object& call, Shape shape) {
  ToolDelta tool;
  tool.index = kNoIndex;
  for (json::Member& member : call) {
    if (member.name == "index" && !member.value.is_null()) {
      TRY(index, read_index(member.value));
      tool.index = index;
      if (shape == Shape::chunk) continue;
    }
    if (member.name == "id" && take(member.value, tool.id)) continue;
    if (member.name == "type" && take(member.value, tool.type)) continue;
    if (member.name == "function" && member.value.is_object()) {
      take_call(member, "arguments", tool);
    } else if (member.name == "custom" && member.value.is_object()) {
      take_call(member, "input", tool);
    } else {
      tool.extra.push_back(std::move(member));
    }
  }
  return tool;
}

/// True for a list of at least one object, which is what is understood as tool calls.
bool holds_calls(const json::Value& value) {
  const json::Array* calls = value.array();
  return calls != nullptr && !calls->empty() &&
         std::ranges::all_of(*calls, [](const json::Value& call) { return call.is_object(); });
}

Result<> read_tools(json::Value& calls, Shape shape, ChoiceDelta& delta) {
  for (json::Value& call : *calls.array()) {
    TRY(tool, read_tool(*call.object(), shape));
    if (shape == Shape::whole && tool.index == kNoIndex) {
      tool.index = static_cast<std::uint32_t>(delta.tools.size());
    }
    delta.tools.push_back(std::move(tool));
  }
  return {};
}

bool take_reasoning(json::Member& member, ChoiceDelta& delta) {
  if (member.name != "reasoning_content" && member.name != "reasoning") return false;
  std::string* text = member.value.string();
  if (text == nullptr) return false;
  if (delta.reasoning) {
    // Some servers send it under both names. The second stays as an empty mark, which rendering
    // fills again, so that it is joined like the first when the stream is folded.
    if (*delta.reasoning == *text) text->clear();
    return false;
  }
  delta.reasoning = std::move(*text);
  delta.reasoning_name = member.name;
  return true;
}

/// Reads a message or a delta.
Result<> read_message(json::Object& message, Shape shape, ChoiceDelta& delta) {
  for (json::Member& member : message) {
    if (member.name == "role" && take(member.value, delta.role)) continue;
    if (member.name == "content" && take(member.value, delta.content)) continue;
    if (member.name == "refusal" && take(member.value, delta.refusal)) continue;
    if (take_reasoning(member, delta)) continue;
    if (member.name == "tool_calls" && holds_calls(member.value)) {
      TRY_DO(read_tools(member.value, shape, delta));
    } else {
      delta.delta_extra.push_back(std::move(member));
    }
  }
  return {};
}

/// Where the text of a choice is: "message", "delta", or "text" for completions.
std::string_view body_name(Origin origin, Shape shape) {
  if (origin == Origin::openai_completion) return "text";
  return shape == Shape::whole ? "message" : "delta";
}

Result<> read_body(json::Value& value, Shape shape, ChoiceDelta& delta) {
  if (json::Object* message = value.object()) return read_message(*message, shape, delta);
  if (take(value, delta.content) || value.is_null()) return {};
  return odd("the message of a choice is of kind " + std::string(value.kind()));
}

Result<ChoiceDelta> read_choice(json::Object& choice, Origin origin, Shape shape) {
  ChoiceDelta delta;
  std::string_view body = body_name(origin, shape);
  bool has_body = false;
  for (json::Member& member : choice) {
    if (member.name == "index" && !member.value.is_null()) {
      TRY(index, read_index(member.value));
      delta.index = index;
    } else if (member.name == "finish_reason") {
      if (!take(member.value, delta.finish) && !member.value.is_null()) {
        return odd("a finish_reason is of kind " + std::string(member.value.kind()));
      }
    } else if (member.name == body) {
      has_body = true;
      TRY_DO(read_body(member.value, shape, delta));
    } else if (member.name == "logprobs" && !member.value.is_null()) {
      delta.logprobs = std::move(member.value);
    } else {
      delta.extra.push_back(std::move(member));
    }
  }
  if (shape == Shape::whole && !has_body) return odd("a choice has no '" + std::string(body) + "'");
  return delta;
}

/// Reads the choices; a choice without an index has that of its place.
Result<> read_choices(json::Value& value, Origin origin, Shape shape, chat::Event& event) {
  json::Array* choices = value.array();
  if (choices == nullptr) return odd("'choices' is of kind " + std::string(value.kind()));
  for (json::Value& choice : *choices) {
    json::Object* object = choice.object();
    if (object == nullptr) return odd("a choice is of kind " + std::string(choice.kind()));
    const json::Value* index = choice.find("index");
    bool numbered = index != nullptr && !index->is_null();
    TRY(delta, read_choice(*object, origin, shape));
    if (!numbered) {
      if (event.choices.size() > kIndexMax) return odd("too many choices");
      delta.index = static_cast<std::uint32_t>(event.choices.size());
    }
    event.choices.push_back(std::move(delta));
  }
  return {};
}

Result<chat::Event> read_event(json::Value& body, Origin origin, Shape shape) {
  chat::Event event;
  bool has_choices = false;
  for (json::Member& member : *body.object()) {
    if (member.name == "id" || member.name == "object" || member.name == "created") continue;
    if (member.name == "choices" && !(shape == Shape::chunk && member.value.is_null())) {
      has_choices = true;
      TRY_DO(read_choices(member.value, origin, shape, event));
    } else if (member.name == "usage" && !member.value.is_null()) {
      event.usage = std::move(member.value);
    } else if (member.name != "choices") {
      event.head.push_back(std::move(member));
    }
  }
  if (shape == Shape::whole && !has_choices) return odd("there is no 'choices'");
  return event;
}

Result<json::Value> read_body_object(std::string_view text) {
  TRY(value, read_foreign(text));
  if (!value.is_object()) return odd("a JSON " + std::string(value.kind()) + ", not an object");
  return std::move(value);
}

}  // namespace

Result<std::variant<chat::Answer, ErrorObject>> read_reply(Origin origin, std::string_view body) {
  TRY(value, read_body_object(body));
  if (std::optional<std::string> message = error_message(value)) {
    return ErrorObject{std::string(body), std::move(*message)};
  }
  TRY(event, read_event(value, origin, Shape::whole));
  chat::Answer answer{origin, chat::Delivery::whole, {}};
  answer.events.push_back(std::make_shared<const chat::Event>(std::move(event)));
  return answer;
}

Result<ChunkReader::Chunk> ChunkReader::read(std::string_view data) {
  TRY(value, read_body_object(data));
  if (std::optional<std::string> message = error_message(value)) {
    return ErrorObject{std::string(data), std::move(*message)};
  }
  TRY(event, read_event(value, origin_, Shape::chunk));
  for (ChoiceDelta& delta : event.choices) number_tools(delta);
  return std::make_shared<const chat::Event>(std::move(event));
}

void ChunkReader::number_tools(ChoiceDelta& delta) {
  if (delta.tools.empty()) return;
  using Next = std::pair<std::uint32_t, std::uint32_t>;
  auto next = std::ranges::find(tools_, delta.index, &Next::first);
  if (next == tools_.end()) next = tools_.insert(next, {delta.index, 0});
  for (ToolDelta& tool : delta.tools) {
    if (tool.index == kNoIndex) {
      bool begins = !tool.id.empty() || next->second == 0;
      tool.index = begins ? next->second : next->second - 1;
    }
    next->second = std::max(next->second, tool.index + 1);
  }
}

bool terminal(const chat::Answer& answer) {
  std::vector<std::pair<std::uint32_t, bool>> choices;
  for (const auto& event : answer.events) {
    for (const ChoiceDelta& delta : event->choices) {
      auto seen = std::ranges::find(choices, delta.index, &std::pair<std::uint32_t, bool>::first);
      if (seen == choices.end()) seen = choices.insert(seen, {delta.index, false});
      if (delta.finish) seen->second = true;
    }
  }
  return !choices.empty() &&
         std::ranges::all_of(choices, [](const auto& choice) { return choice.second; });
}

}  // namespace refrain::wire::openai
