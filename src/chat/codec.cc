// The byte form of an answer, as docs/formats/answer.md describes it. A reader trusts nothing: each
// count is held against the bytes that are left before anything is made for it, values nest no
// deeper than kDepthMax, and a number must be one by JSON's grammar, as it is later written as is.
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "chat/answer.h"

namespace refrain::chat {
namespace {

using base::ByteReader;
using base::ByteWriter;
using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kMagic = "RFA";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 3 + 1 + 8;  // magic, version, checksum
// Twice what the JSON reader lets in.
constexpr std::size_t kDepthMax = 128;

enum Tag : std::uint8_t {
  tag_null,
  tag_false,
  tag_true,
  tag_number,
  tag_string,
  tag_array,
  tag_object
};

// The smallest item of each kind, in bytes: what count() holds counts against.
constexpr std::size_t kEventBytesMin = 3;
constexpr std::size_t kChoiceBytesMin = 7;
constexpr std::size_t kToolBytesMin = 6;
constexpr std::size_t kMemberBytesMin = 2;

using Texts = std::array<std::optional<std::string> ChoiceDelta::*, 5>;
constexpr Texts kTexts = {&ChoiceDelta::role, &ChoiceDelta::content, &ChoiceDelta::refusal,
                          &ChoiceDelta::reasoning, &ChoiceDelta::finish};

void put(ByteWriter& out, const json::Object& members);

void put(ByteWriter& out, const json::Value& value) {
  if (const std::string* text = value.string()) {
    out.u8(tag_string);
    out.text(*text);
  } else if (const json::Number* number = value.number()) {
    out.u8(tag_number);
    out.text(number->text);
  } else if (const bool* boolean = value.boolean()) {
    out.u8(*boolean ? tag_true : tag_false);
  } else if (const json::Array* array = value.array()) {
    out.u8(tag_array);
    out.varint(array->size());
    for (const json::Value& item : *array) put(out, item);
  } else if (const json::Object* object = value.object()) {
    out.u8(tag_object);
    put(out, *object);
  } else {
    out.u8(tag_null);
  }
}

void put(ByteWriter& out, const json::Object& members) {
  out.varint(members.size());
  for (const json::Member& member : members) {
    out.text(member.name);
    put(out, member.value);
  }
}

void put(ByteWriter& out, const ToolDelta& tool) {
  out.varint(tool.index);
  out.text(tool.id);
  out.text(tool.type);
  out.text(tool.name);
  out.text(tool.arguments);
  put(out, tool.extra);
}

void put(ByteWriter& out, const ChoiceDelta& choice) {
  out.varint(choice.index);
  std::uint8_t present = 0;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (choice.*kTexts[i]) present = static_cast<std::uint8_t>(present | 1U << i);
  }
  out.u8(present);
  for (auto text : kTexts) {
    if (choice.*text) out.text(*(choice.*text));
  }
  out.text(choice.reasoning_name);
  out.varint(choice.tools.size());
  for (const ToolDelta& tool : choice.tools) put(out, tool);
  put(out, choice.logprobs);
  put(out, choice.delta_extra);
  put(out, choice.extra);
}

void put(ByteWriter& out, const Event& event) {
  out.varint(event.choices.size());
  for (const ChoiceDelta& choice : event.choices) put(out, choice);
  put(out, event.usage);
  put(out, event.head);
}

bool is_number(std::string_view text) {
  base::Result<json::Value> value = json::parse(text);
  return value && value->is_number() && value->number()->text.size() == text.size();
}

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : in_(bytes) {}
  Result<Answer> answer();

 private:
  Result<Event> event();
  Result<ChoiceDelta> choice();
  Result<ToolDelta> tool();
  Result<json::Value> value(std::size_t depth);
  Result<json::Value> array(std::size_t depth);
  Result<json::Object> object(std::size_t depth);
  Result<std::string> text() {
    TRY(view, in_.text());
    return std::string(view);
  }
  Result<std::uint32_t> index() {
    TRY(number, in_.varint());
    if (number > std::numeric_limits<std::uint32_t>::max()) {
      return fail(Code::corrupt, fmt::format("answer: index {} is over 32 bits", number));
    }
    return static_cast<std::uint32_t>(number);
  }

  ByteReader in_;
};

Result<json::Value> Decoder::array(std::size_t depth) {
  TRY(count, in_.count(1));
  json::Array items;
  items.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY(item, value(depth + 1));
    items.push_back(std::move(item));
  }
  return json::Value(std::move(items));
}

Result<json::Object> Decoder::object(std::size_t depth) {
  TRY(count, in_.count(kMemberBytesMin));
  json::Object members;
  members.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY(name, text());
    TRY(item, value(depth + 1));
    members.push_back({std::move(name), std::move(item)});
  }
  return members;
}

Result<json::Value> Decoder::value(std::size_t depth) {
  if (depth > kDepthMax) {
    return fail(Code::corrupt, fmt::format("answer: a value deeper than {} levels", kDepthMax));
  }
  TRY(tag, in_.u8());
  switch (tag) {
    case tag_null: return json::Value();
    case tag_false: return json::Value(false);
    case tag_true: return json::Value(true);
    case tag_array: return array(depth);
    case tag_number: {
      TRY(number, text());
      if (!is_number(number)) return fail(Code::corrupt, "answer: a number that is none");
      return json::Value(json::Number{std::move(number)});
    }
    case tag_string: {
      TRY(string, text());
      return json::Value(std::move(string));
    }
    case tag_object: {
      TRY(members, object(depth));
      return json::Value(std::move(members));
    }
    default: return fail(Code::corrupt, fmt::format("answer: value tag {} is unknown", tag));
  }
}

Result<ToolDelta> Decoder::tool() {
  ToolDelta tool;
  TRY(number, index());
  tool.index = number;
  for (std::string* part : {&tool.id, &tool.type, &tool.name, &tool.arguments}) {
    TRY(read, text());
    *part = std::move(read);
  }
  TRY(extra, object(0));
  tool.extra = std::move(extra);
  return tool;
}

Result<ChoiceDelta> Decoder::choice() {
  ChoiceDelta choice;
  TRY(number, index());
  choice.index = number;
  TRY(present, in_.u8());
  if (present >= 1U << kTexts.size()) {
    return fail(Code::corrupt, fmt::format("answer: flags {:#x} are unknown", present));
  }
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if ((present & 1U << i) == 0) continue;
    TRY(part, text());
    choice.*kTexts[i] = std::move(part);
  }
  TRY(reasoning_name, text());
  choice.reasoning_name = std::move(reasoning_name);
  TRY(count, in_.count(kToolBytesMin));
  choice.tools.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY(piece, tool());
    choice.tools.push_back(std::move(piece));
  }
  TRY(logprobs, value(0));
  choice.logprobs = std::move(logprobs);
  TRY(delta_extra, object(0));
  choice.delta_extra = std::move(delta_extra);
  TRY(extra, object(0));
  choice.extra = std::move(extra);
  return choice;
}

Result<Event> Decoder::event() {
  Event event;
  TRY(count, in_.count(kChoiceBytesMin));
  event.choices.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY(piece, choice());
    event.choices.push_back(std::move(piece));
  }
  TRY(usage, value(0));
  event.usage = std::move(usage);
  TRY(head, object(0));
  event.head = std::move(head);
  return event;
}

Result<Answer> Decoder::answer() {
  Answer answer;
  TRY(origin, in_.u8());
  TRY(delivery, in_.u8());
  if (origin > static_cast<std::uint8_t>(Origin::tgi) ||
      delivery > static_cast<std::uint8_t>(Delivery::stream)) {
    return fail(Code::corrupt,
                fmt::format("answer: origin {} or delivery {} is unknown", origin, delivery));
  }
  answer.origin = static_cast<Origin>(origin);
  answer.delivery = static_cast<Delivery>(delivery);
  TRY(count, in_.count(kEventBytesMin));
  answer.events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY(step, event());
    answer.events.push_back(std::make_shared<const Event>(std::move(step)));
  }
  if (in_.left() > 0) {
    return fail(Code::corrupt, fmt::format("answer: {} bytes too many", in_.left()));
  }
  return answer;
}

}  // namespace

std::string encode(const Answer& answer) {
  ByteWriter body;
  body.u8(static_cast<std::uint8_t>(answer.origin));
  body.u8(static_cast<std::uint8_t>(answer.delivery));
  body.varint(answer.events.size());
  for (const auto& event : answer.events) put(body, *event);
  std::string payload = body.take();

  ByteWriter out;
  out.raw(kMagic);
  out.u8(kVersion);
  out.u64(base::hash64(payload));
  out.raw(payload);
  return out.take();
}

Result<Answer> decode(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) {
    return fail(Code::corrupt, fmt::format("answer: {} bytes without a header", bytes.size()));
  }
  ByteReader header(bytes.substr(kMagic.size()));
  TRY(version, header.u8());
  if (version > kVersion) {
    return fail(Code::unsupported,
                fmt::format("answer: version {}, this program reads {}", version, kVersion));
  }
  TRY(checksum, header.u64());
  std::string_view payload = bytes.substr(kHeaderBytes);
  if (version != kVersion || base::hash64(payload) != checksum) {
    return fail(Code::corrupt, "answer: the checksum does not fit");
  }
  return Decoder(payload).answer();
}

}  // namespace refrain::chat
