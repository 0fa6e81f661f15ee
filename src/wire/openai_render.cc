// Rendering is the last step of a hit, so it goes straight from the event into one string: no
// tree is built and nothing is copied but the bytes of the reply. Extras are written back on their
// own level, except where folding has put a value into a place whose explicit null (or whose mark)
// is still among the extras; a name is never written twice.
#include <array>
#include <cstddef>
#include <charconv>

#include "base/random.h"
#include "wire/members.h"
#include "wire/openai.h"
#include "wire/sse.h"
#include "wire/text.h"

namespace refrain::wire::openai {
namespace {

using chat::ChoiceDelta;
using chat::Origin;
using chat::ToolDelta;

enum class Shape : std::uint8_t { whole, chunk };

void number(std::int64_t value, std::string& out) {
  std::array<char, 24> digits;
  auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

std::string_view object_name(Origin origin, Shape shape) {
  if (origin == Origin::openai_completion) return "\"text_completion\"";
  return shape == Shape::whole ? "\"chat.completion\"" : "\"chat.completion.chunk\"";
}

/// "function":{"name","arguments"}, or the same of a custom tool.
void render_call(const ToolDelta& tool, Members& members) {
  const json::Value* custom = find(tool.extra, "custom");
  const json::Value* extra = custom != nullptr ? custom : find(tool.extra, "function");
  std::string_view arguments = custom != nullptr ? "input" : "arguments";
  Members call(members.name(custom != nullptr ? "custom" : "function"));
  if (!tool.name.empty()) call.text("name", tool.name);
  bool other = extra != nullptr && extra->find(arguments) != nullptr && tool.arguments.empty();
  if (!other) call.text(arguments, tool.arguments);
  if (extra != nullptr && extra->is_object()) {
    call.extras(*extra->object(), [&](std::string_view name, const json::Value&) {
      return !(name == "name" && !tool.name.empty()) && !(name == arguments && !other);
    });
  }
  call.close();
}

void render_tool(const ToolDelta& tool, Shape shape, std::string& out) {
  Members members(out);
  if (shape == Shape::chunk) number(tool.index, members.name("index"));
  if (!tool.id.empty()) members.text("id", tool.id);
  if (!tool.type.empty()) members.text("type", tool.type);
  render_call(tool, members);
  members.extras(tool.extra, [&](std::string_view name, const json::Value&) {
    return name != "function" && name != "custom" && !(name == "id" && !tool.id.empty()) &&
           !(name == "type" && !tool.type.empty()) &&
           !(name == "index" && shape == Shape::chunk);
  });
  members.close();
}

/// False for an extra whose place is taken by a value of the delta.
bool left_over(std::string_view name, const ChoiceDelta& delta) {
  if (name == "role") return !delta.role;
  if (name == "content") return !delta.content;
  if (name == "refusal") return !delta.refusal;
  if (name == "tool_calls") return delta.tools.empty();
  return !(delta.reasoning && name == delta.reasoning_name);
}

/// The reasoning again under its second name.
bool is_mark(std::string_view name, const json::Value& value, const ChoiceDelta& delta) {
  const std::string* text = value.string();
  return text != nullptr && text->empty() && delta.reasoning && name != delta.reasoning_name &&
         (name == "reasoning" || name == "reasoning_content");
}

void render_message(const ChoiceDelta& delta, Shape shape, std::string& out) {
  Members members(out);
  if (delta.role) {
    members.text("role", *delta.role);
  } else if (shape == Shape::whole && find(delta.delta_extra, "role") == nullptr) {
    members.raw("role", "\"assistant\"");
  }
  if (delta.content) {
    members.text("content", *delta.content);
  } else if (shape == Shape::whole && find(delta.delta_extra, "content") == nullptr) {
    members.raw("content", "null");
  }
  if (delta.reasoning) {
    members.text(delta.reasoning_name.empty() ? "reasoning_content" : delta.reasoning_name,
                 *delta.reasoning);
  }
  if (delta.refusal) members.text("refusal", *delta.refusal);
  if (!delta.tools.empty()) {
    std::string& list = members.name("tool_calls");
    for (std::size_t i = 0; i < delta.tools.size(); ++i) {
      list += i == 0 ? '[' : ',';
      render_tool(delta.tools[i], shape, list);
    }
    list += ']';
  }
  members.extras(delta.delta_extra, [&](std::string_view name, const json::Value& value) {
    if (!left_over(name, delta)) return false;
    if (!is_mark(name, value, delta)) return true;
    members.text(name, *delta.reasoning);
    return false;
  });
  members.close();
}

void render_choice(const ChoiceDelta& delta, Origin origin, Shape shape, std::string& out) {
  Members members(out);
  number(delta.index, members.name("index"));
  std::string_view body = "text";
  if (origin == Origin::openai_completion) {
    members.text(body, delta.content ? std::string_view(*delta.content) : std::string_view());
  } else {
    body = shape == Shape::whole ? "message" : "delta";
    render_message(delta, shape, members.name(body));
  }
  if (!delta.logprobs.is_null()) members.value("logprobs", delta.logprobs);
  if (delta.finish) {
    members.text("finish_reason", *delta.finish);
  } else {
    members.raw("finish_reason", "null");
  }
  members.extras(delta.extra, [&](std::string_view name, const json::Value&) {
    return name != "index" && name != body && !(name == "logprobs" && !delta.logprobs.is_null());
  });
  members.close();
}

/// The whole object. usage: what is shown of it; null: nothing.
void render_event(const chat::Event& event, const Fresh& fresh, const ChunkOptions& options,
                  Shape shape, std::string& out) {
  Members members(out);
  members.text("id", fresh.id);
  members.raw("object", object_name(options.origin, shape));
  number(fresh.created, members.name("created"));
  const json::Value* model = find(event.head, "model");
  if (model != nullptr) members.value("model", *model);
  std::string& choices = members.name("choices");
  choices += '[';
  for (std::size_t i = 0; i < event.choices.size(); ++i) {
    if (i > 0) choices += ',';
    render_choice(event.choices[i], options.origin, shape, choices);
  }
  choices += ']';
  bool shows_usage = options.usage == ShowUsage::yes;
  if (shows_usage && !event.usage.is_null()) members.value("usage", event.usage);
  members.extras(event.head, [&](std::string_view name, const json::Value&) {
    if (name == "usage") return shows_usage && event.usage.is_null();
    return name != "model" && name != "choices";
  });
  members.close();
}

std::size_t expected_bytes(const chat::Event& event) {
  constexpr std::size_t kFrame = 512;
  std::size_t bytes = kFrame;
  for (const ChoiceDelta& delta : event.choices) {
    bytes += delta.content ? delta.content->size() + delta.content->size() / 16 : 0;
    bytes += delta.reasoning ? delta.reasoning->size() : 0;
  }
  return bytes;
}

}  // namespace

std::string fresh_id(Origin origin) {
  constexpr std::size_t kCharacters = 24;
  return (origin == Origin::openai_completion ? "cmpl-" : "chatcmpl-") +
         base::random_id(kCharacters);
}

std::string render_reply(const chat::Answer& answer, const Fresh& fresh) {
  ChunkOptions options{answer.origin, ShowUsage::yes};
  std::string out;
  if (answer.delivery == chat::Delivery::whole && answer.events.size() == 1) {
    out.reserve(expected_bytes(*answer.events.front()));
    render_event(*answer.events.front(), fresh, options, Shape::whole, out);
    return out;
  }
  chat::Event folded = fold(answer);
  out.reserve(expected_bytes(folded));
  render_event(folded, fresh, options, Shape::whole, out);
  return out;
}

void render_chunk(const chat::Event& event, const Fresh& fresh, const ChunkOptions& options,
                  std::string& out) {
  bool usage_only = event.choices.empty() && !event.usage.is_null();
  if (usage_only && options.usage == ShowUsage::no) return;
  out += "data: ";
  render_event(event, fresh, options, Shape::chunk, out);
  out += "\n\n";
}

std::string error_body(const ErrorFields& fields) {
  std::string out = "{\"error\":";
  Members members(out);
  auto text_or_null = [&](std::string_view name, std::string_view value) {
    if (value.empty()) {
      members.raw(name, "null");
    } else {
      members.text(name, readable(value));
    }
  };
  members.text("message", readable(fields.message));
  members.text("type", readable(fields.type));
  text_or_null("param", fields.param);
  text_or_null("code", fields.code);
  members.close();
  out += '}';
  return out;
}

std::string error_event(const ErrorFields& fields) {
  std::string out;
  append_event(error_body(fields), out);
  return out;
}

}  // namespace refrain::wire::openai
