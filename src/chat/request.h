#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/value.h"

namespace refrain::chat {

/// Whose words the body is in. Part of the canonical form: two dialects never share an answer.
enum class Dialect : std::uint8_t { openai_chat, openai_completion, openai_embedding, tgi, gkv };

/// "openai.chat", "openai.completions", "openai.embeddings", "tgi", "gkv".
std::string_view name(Dialect dialect) noexcept;
std::optional<Dialect> parse_dialect(std::string_view text) noexcept;

using Headers = std::vector<std::pair<std::string, std::string>>;  // names in lower case

/// What one question asks, independent of transport. body is the client's own JSON with what
/// concerns only transport (stream, stream_options) still in it; key leaves that out.
struct Request {
  Dialect dialect = Dialect::openai_chat;
  std::string model{};  // "" where the dialect has none (TGI, GKV)
  json::Value body{};   // an object
  std::string raw;      // the bytes that body was read from; "" if it was made here
  std::string text{};   // what would be embedded: last user turn, prompt or inputs; may be ""
  bool wants_stream = false;
  bool wants_usage = false;  // stream_options.include_usage
  bool exact_only = false;   // tool results, forced tools, files: never matched semantically
  Headers pass{};            // request headers that travel on to the upstream
  std::string id{};          // of the request, as logs and explain know it; "" if nobody asks
  std::string realm{};       // who may share prompt KV with it; "": nobody (engine only)
  std::string kv_name{};     // the prompt's KV is kept under it (engine only); "": has no name
};

}  // namespace refrain::chat
