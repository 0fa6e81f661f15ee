#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "chat/answer.h"
#include "chat/request.h"

/// The OpenAI dialect: /v1/chat/completions and /v1/completions (embeddings: wire/embeddings.h).
/// What is understood, kept and lost is in docs/protocol/openai.md. Pure functions; threads: any.
namespace refrain::wire::openai {

// --- requests -----------------------------------------------------------------------------------

/// Reads a request body. Only what Refrain needs is checked; everything else stays as it came.
/// dialect  openai_chat, openai_completion or openai_embedding.
/// headers  names in lower case; those that may travel on end up in Request::pass.
/// Errors: invalid (JSON; a wrong type: the sentence then begins with the member's path in single
/// quotes, see param_of), too_large (nested deeper than 64).
base::Result<chat::Request> read_request(chat::Dialect dialect, std::string_view body,
                                         const chat::Headers& headers);

/// The member an error of read_request is about ("messages[0].role"), or "" if it is about none.
std::string_view param_of(const base::Error& error) noexcept;

/// Whether a streamed request asks the upstream for usage although the client did not.
enum class StreamUsage : std::uint8_t { as_asked, always };

/// The body for the upstream: the client's own bytes where nothing has to change. Changes:
/// stream_options.include_usage is added (StreamUsage::always, streamed requests), LiteLLM's
/// `cache` object is taken out.
/// raw  the bytes that read_request was given.
std::string upstream_body(const chat::Request& request, std::string_view raw, StreamUsage usage);

// --- replies ------------------------------------------------------------------------------------

/// An error object that came with status 200, or in the middle of a stream. Never cached.
struct ErrorObject {
  std::string body;     // the JSON as it came
  std::string message;  // its sentence, "" where there is none
};

/// Reads a whole reply with status 2xx into an answer of one event, Delivery::whole.
/// origin  openai_chat or openai_completion.
/// Errors: invalid (not JSON, no choices array, a choice of another shape).
base::Result<std::variant<chat::Answer, ErrorObject>> read_reply(chat::Origin origin,
                                                                 std::string_view body);

/// Reads the data of the events of one stream. The caller looks for [DONE] first (wire/sse.h).
class ChunkReader {
 public:
  using Chunk = std::variant<std::shared_ptr<const chat::Event>, ErrorObject>;

  explicit ChunkReader(chat::Origin origin) : origin_(origin) {}
  /// Errors: invalid, as read_reply. A chunk without choices is an event without choices.
  base::Result<Chunk> read(std::string_view data);

 private:
  void number_tools(chat::ChoiceDelta& delta);

  chat::Origin origin_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> tools_;  // per choice: next tool index
};

/// True when at least one choice appeared and each of them has a finish reason.
bool terminal(const chat::Answer& answer);

// --- rendering ----------------------------------------------------------------------------------

/// What a reply has that its answer has not: equal in all chunks of one reply, new for each reply.
struct Fresh {
  std::string id;            // fresh_id()
  std::int64_t created = 0;  // seconds since 1970
};

/// "chatcmpl-..." or "cmpl-..." with 24 random characters.
std::string fresh_id(chat::Origin origin);

/// A whole reply body. A streamed answer is folded (fold below).
/// cost: one pass and no copy of the answer when it was delivered whole.
std::string render_reply(const chat::Answer& answer, const Fresh& fresh);

enum class ShowUsage : std::uint8_t { no, yes };

struct ChunkOptions {
  chat::Origin origin = chat::Origin::openai_chat;
  ShowUsage usage = ShowUsage::no;  // yes: the client sent stream_options.include_usage
};

/// Appends one event of a stream as "data: {...}\n\n"; nothing if the event has only what this
/// client did not ask for (usage). After the last event comes kDone of wire/sse.h.
void render_chunk(const chat::Event& event, const Fresh& fresh, const ChunkOptions& options,
                  std::string& out);

/// The events that a streaming client gets for this answer: the very ones that the upstream
/// streamed, or those made by split() from a whole one.
std::vector<std::shared_ptr<const chat::Event>> stream_of(const chat::Answer& answer);

/// Cuts the event of a whole reply into the steps of a stream: per choice the role, reasoning,
/// content in pieces that end at spaces, refusal, each tool call (header, then arguments), finish;
/// usage last. Folding the result gives the event back.
std::vector<std::shared_ptr<const chat::Event>> split(chat::Origin origin,
                                                      const chat::Event& whole);

/// One event for all of the answer, as the whole reply of the same model would have been:
/// chat::fold, and the fragments of a legacy function_call joined.
chat::Event fold(const chat::Answer& answer);

struct ErrorFields {
  std::string_view message;
  std::string_view type;   // "invalid_request_error", "server_error", ...
  std::string_view param;  // "": null
  std::string_view code;   // "": null
};

/// {"error":{"message","type","param","code"}}. The message need not be valid UTF-8.
std::string error_body(const ErrorFields& fields);

/// The same as one event of a stream that fails after it began. No [DONE] comes after it.
std::string error_event(const ErrorFields& fields);

}  // namespace refrain::wire::openai
