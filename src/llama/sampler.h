#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "llama/chat_template.h"
#include "llama/context.h"

namespace refrain::llama {

/// How the next token is chosen. The initial values change nothing: plain sampling.
struct Sampling {
  float temperature = 1;  // 0: the likeliest token
  float top_p = 1, min_p = 0, typical_p = 1;
  std::int32_t top_k = 0;         // 0: all
  float repeat_penalty = 1;       // divides logits of tokens in prompt and answer
  float frequency_penalty = 0, presence_penalty = 0;
  std::optional<std::uint32_t> seed{};
  std::vector<std::pair<TokenId, float>> bias{};
  bool operator==(const Sampling&) const = default;
};

/// Chooses the tokens of one answer. Threads: one at a time.
class Sampler {
 public:
  /// window  how many tokens back penalties look.
  /// Errors: invalid (a grammar that cannot be read).
  static base::Result<std::unique_ptr<Sampler>> open(std::shared_ptr<const Model> model,
                                                     const Sampling& sampling,
                                                     const Constraint& constraint,
                                                     std::size_t window);
  ~Sampler();

  /// The prompt's tokens count for the repeat penalty; call before the first choose().
  void read_prompt(std::span<const TokenId> tokens);
  /// Chooses from the logits at that place of the context's last decode, and takes the token.
  /// Errors: internal (the grammar allows no token).
  base::Result<TokenId> choose(const Context& context, std::size_t place);

 private:
  struct State;
  explicit Sampler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace refrain::llama
