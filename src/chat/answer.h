#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "json/value.h"

namespace refrain::chat {

/// A piece of a tool call. In a stream the arguments come in fragments under one index.
struct ToolDelta {
  std::uint32_t index = 0;
  std::string id{}, type{}, name{};  // empty: not in this piece
  std::string arguments{};           // fragment of JSON text
  json::Object extra{};              // unknown members, kept as they came
  bool operator==(const ToolDelta&) const = default;
};

/// What one event adds to one choice. Absent and empty text are different things.
struct ChoiceDelta {
  std::uint32_t index = 0;
  std::optional<std::string> role{}, content{}, refusal{};
  std::optional<std::string> reasoning{};
  std::string reasoning_name{};  // the member it came under: reasoning_content or reasoning
  std::vector<ToolDelta> tools{};
  json::Value logprobs{};               // as it came; null: none
  std::optional<std::string> finish{};  // finish reason, verbatim
  json::Object delta_extra{};           // unknown (or explicitly null) members of delta or message
  json::Object extra{};                 // unknown members of the choice
  bool operator==(const ChoiceDelta&) const = default;
};

/// One step of an answer: what one chunk of a stream carried, or a whole reply at once. Neutral:
/// every door can render it, and what a door does not know stays in `extra`.
struct Event {
  std::vector<ChoiceDelta> choices{};
  json::Value usage{};  // as it came, with all details; null: none in this event
  json::Object head{};  // top-level members other than id, object, created, choices and usage
  bool operator==(const Event&) const = default;
};

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t total_tokens = 0;
};

/// Where an answer came from: names the shape of its `extra` members.
enum class Origin : std::uint8_t { openai_chat, openai_completion, openai_embedding, tgi };

/// How the upstream delivered it. A door that wants the other shape converts.
enum class Delivery : std::uint8_t { whole, stream };

/// A finished answer: all events in order. Value type; shared between threads only as const.
struct Answer {
  Origin origin = Origin::openai_chat;
  Delivery delivery = Delivery::whole;
  std::vector<std::shared_ptr<const Event>> events{};
};

/// The last usage of the events; zeros if none was sent.
Usage usage(const Answer& answer);
/// Content of choice 0, joined over all events.
std::string text(const Answer& answer);
/// No request asks for more choices; a choice of a higher index is not listed by finishes().
inline constexpr std::size_t kChoicesMax = 4096;
/// Finish reason of every choice, by index; "" where none came.
std::vector<std::string> finishes(const Answer& answer);
/// Rough size in memory, in bytes.
std::size_t footprint(const Answer& answer);
std::size_t footprint(const Event& event);

/// All events folded into one. Per choice: texts joined (absent stays absent, "" stays ""), tool
/// calls joined by index; in logprobs and extras arrays appended, objects merged, all else by the
/// last one that is not null. Choices and tools in order of index; usage and head members by the
/// last one that is not null.
Event fold(const std::vector<std::shared_ptr<const Event>>& events);

/// The stable byte form of an answer (docs/formats/answer.md): version, origin, events; unknown
/// members included. Never executes anything; decode bounds everything.
std::string encode(const Answer& answer);
/// Errors: corrupt (truncated, counts beyond the bytes), unsupported (a later version).
base::Result<Answer> decode(std::string_view bytes);

}  // namespace refrain::chat
