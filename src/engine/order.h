#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat/answer.h"
#include "chat/request.h"
#include "llama/chat_template.h"
#include "llama/sampler.h"

namespace refrain::engine {

/// What a request asks of the model, in the model's own terms.
struct Order {
  /// One text to go on from.
  struct Prompt {
    std::string text{};
    std::optional<std::vector<llama::TokenId>> tokens{};  // in place of the text
  };
  chat::Origin origin = chat::Origin::openai_chat;  // whose shape the answer has
  std::optional<llama::ChatAsk> chat{};             // else:
  std::vector<Prompt> prompts{};
  std::string schema{}, grammar{};  // of completions; of a chat they are in `chat`
  llama::Sampling sampling{};
  std::size_t choices = 1;  // per prompt
  std::optional<std::size_t> tokens_max{};  // new ones; absent: what the context has room for
  std::vector<std::string> stops{};
  std::optional<std::size_t> top_logprobs{};  // absent: no log probabilities
  std::optional<std::size_t> prompt_tokens_max{};  // cut from the left (TGI's truncate)
  bool echo = false;         // the answer begins with the prompt
  bool ignore_end = false;   // the answer never ends by itself
  bool approximate = false;  // "reuse": "approximate"
  std::string kv_name{};     // of the prompt's KV; "": it needs none
};

/// Reads a request of any dialect but embeddings; TGI's and GKV's through their translation to
/// completions. Errors: invalid (a member of a wrong type or out of range, named in quotes),
/// unsupported (what this engine cannot do; leaving it out would answer another question).
base::Result<Order> read_order(const chat::Request& request);

}  // namespace refrain::engine
