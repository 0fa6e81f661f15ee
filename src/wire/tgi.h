#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "chat/answer.h"
#include "chat/request.h"
#include "wire/openai.h"

/// The dialect of Hugging Face text-generation-inference: generate, generate_stream and "/".
/// Answers may be of Origin::tgi or of openai_completion; then they are translated.
/// What is understood, translated and lost is in docs/protocol/tgi.md. Pure; threads: any.
namespace refrain::wire::tgi {

/// TGI's own limit of new tokens where a request has none.
inline constexpr std::int64_t kNewTokensDefault = 100;

enum class Route : std::uint8_t { generate, generate_stream, root };

/// Errors: invalid ('inputs' no string, 'parameters' no object; sentences as in
/// openai::read_request), too_large. At the root the body's `stream` decides about streaming.
base::Result<chat::Request> read_request(Route route, std::string_view body,
                                         const chat::Headers& headers);

/// For an upstream of kind tgi: {"inputs","parameters"} with details asked for, so that the end of
/// an answer is known; send it to upstream_path(). Requests of dialect gkv too.
std::string upstream_body(const chat::Request& request);
/// "/generate" or "/generate_stream".
std::string_view upstream_path(const chat::Request& request) noexcept;

/// For an upstream of kind openai: a body for /v1/completions. Requests of dialect tgi and gkv.
/// model  what the route's upstream calls its model.
/// Errors: unsupported (a grammar that is no JSON schema, an adapter_id): dropping these would
/// give an answer to another question.
base::Result<std::string> completion_body(const chat::Request& request, std::string_view model,
                                          openai::StreamUsage usage);

/// Reads {"generated_text","details"?} or a list of one such object. The choice's finish is TGI's
/// own word; where the upstream sent no details it is "eos_token", as the reply is complete.
/// Errors: invalid. An object with `error` is an ErrorObject.
base::Result<std::variant<chat::Answer, openai::ErrorObject>> read_reply(std::string_view body);

/// Reads the data of one stream event.
base::Result<std::variant<std::shared_ptr<const chat::Event>, openai::ErrorObject>> read_chunk(
    std::string_view data);

/// True when the answer has its last event (generated_text, or a finish reason).
bool terminal(const chat::Answer& answer);

/// What a TGI reply shows.
struct RenderOptions {
  Route route = Route::generate;
  chat::Origin origin = chat::Origin::tgi;
  bool details = false;        // parameters.details
  std::string_view full_text;  // the prompt, if parameters.return_full_text; else ""
};
/// The options this request asks for; full_text points into the request.
RenderOptions render_options(Route route, const chat::Request& request, chat::Origin origin);

/// A whole reply body: an object, or a list of one object at the root.
std::string render_reply(const chat::Answer& answer, const RenderOptions& options);

/// Renders a stream event by event. An answer of origin openai_completion gets one more token event
/// at its end, empty and special like TGI's own end-of-sequence token, which carries generated_text
/// and details: only then the usage is known. Threads: one at a time.
class StreamWriter {
 public:
  explicit StreamWriter(const RenderOptions& options) : options_(options) {}
  /// Appends what this event gives, each "data:{json}\n\n"; may be nothing. The one event of a
  /// whole reply becomes several.
  void event(const chat::Event& event, std::string& out);
  /// Appends the last token event if it was held. Call once, after all events.
  void finish(std::string& out);

 private:
  void own(const chat::ChoiceDelta& choice, std::string& out) const;
  void whole(const chat::ChoiceDelta& choice, const json::Value& usage, std::string& out);
  void translated(const chat::ChoiceDelta& choice, std::string& out);

  RenderOptions options_;
  std::string text_;                   // of a translated answer, so far
  std::int64_t index_ = 0;             // of the last token event
  std::optional<std::string> finish_;  // of a translated answer, in TGI's words
  json::Value usage_;                  // of a translated answer
};

enum class ErrorType : std::uint8_t { validation, generation, overloaded, incomplete_generation };
/// {"error":...,"error_type":...}
std::string error_body(std::string_view message, ErrorType type);
/// The same as one event of a stream.
std::string error_event(std::string_view message, ErrorType type);

/// What GET /info tells.
struct Info {
  std::string_view model_id;
  std::string_view version;             // of Refrain
  std::uint64_t concurrent_max = 10000; // open requests
  std::uint64_t input_tokens_max = 0;   // 0: not known, null
  std::uint64_t total_tokens_max = 0;   // 0: not known, null
};
std::string info_body(const Info& info);

}  // namespace refrain::wire::tgi
