#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "json/value.h"

namespace refrain::engine {

/// How likely a chosen token was, and what else was.
struct Chances {
  struct Choice {
    std::int32_t token = 0;
    double logprob = 0;  // natural logarithm, of the model's own distribution
  };
  Choice chosen{};
  std::vector<Choice> top{};  // likeliest first
};

/// logits: [vocabulary]. cost: two passes.
Chances chances_of(std::span<const float> logits, std::int32_t chosen, std::size_t top);

/// A token with its bytes, for the two shapes in which OpenAI shows log probabilities.
struct ShownToken {
  std::string bytes;
  double logprob = 0;
};
struct ShownChances {
  ShownToken chosen{};
  std::vector<ShownToken> top{};
  std::size_t offset = 0;  // of the token's first byte in the answer
};
/// {"content": [{"token", "logprob", "bytes", "top_logprobs"}], "refusal": null}
json::Value chat_logprobs(std::span<const ShownChances> tokens);
/// {"tokens", "token_logprobs", "top_logprobs", "text_offset"}
json::Value completion_logprobs(std::span<const ShownChances> tokens);

}  // namespace refrain::engine
