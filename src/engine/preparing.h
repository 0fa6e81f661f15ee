#pragma once

#include <memory>
#include <vector>

#include "chat/flight.h"
#include "engine/job.h"
#include "llama/chat_template.h"
#include "llama/vocabulary.h"

namespace refrain::engine {

/// Turns requests into jobs, away from the model thread: template, tokens, limits, grammar,
/// samplers, and what the block store has. Threads: any.
class Preparing {
 public:
  struct Rooms {
    std::shared_ptr<const llama::Model> model;
    const llama::Vocabulary& words;
    const llama::ChatTemplate& chats;
    BlockStore* blocks;  // null: there is none
    const base::Clock& clock;
  };
  struct Limits {
    std::size_t context_tokens = 0;  // of prompt and answer together
    std::size_t choices_max = 1;     // per prompt
    std::string model_name;
  };
  Preparing(Rooms rooms, Limits limits);

  /// One job per prompt, sharing one reply. Errors: invalid (the request; a prompt that is too
  /// long, with the numbers), unsupported.
  base::Result<std::vector<std::unique_ptr<Job>>> prepare(
      const base::Call& call, const chat::Request& request,
      const std::shared_ptr<chat::Flight>& flight) const;

 private:
  struct Text {
    std::vector<TokenId> tokens;
    std::string echo;
  };
  base::Result<std::vector<Text>> read_prompts(const Order& order) const;
  base::Result<Text> read_prompt(const Order& order, const Order::Prompt& prompt) const;
  base::Result<> name_prompt(const chat::Request& request, const std::vector<Text>& texts,
                             Order& order) const;
  base::Result<std::size_t> room_for(const Order& order, std::size_t prompt_tokens) const;
  base::Result<std::vector<std::unique_ptr<llama::Sampler>>> samplers(
      const Order& order, const llama::Constraint& constraint, std::size_t first) const;

  Rooms rooms_;
  const Limits limits_;
  const std::string fingerprint_;
  std::vector<TokenId> ends_;  // the tokens that end an answer
};

}  // namespace refrain::engine
