#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/call.h"
#include "engine/block_store.h"
#include "engine/replying.h"
#include "llama/context.h"
#include "llama/sampler.h"

namespace refrain::engine {

/// One prompt of one request on its way to the model thread, with all that can be done elsewhere
/// done: tokens, grammar, what the block store has of it.
struct Job {
  std::shared_ptr<Replying> reply;
  std::string realm, request_id;
  std::vector<TokenId> prompt;
  std::size_t first_choice = 0;
  std::vector<std::unique_ptr<llama::Sampler>> samplers;  // one per choice
  std::size_t tokens_max = 0;  // new ones, per choice
  bool approximate = false;
  std::uint64_t arrived = 0;  // set by the runner
  base::Instant received{};

  std::unique_ptr<Match> match;  // null: nothing is kept
  enum class Rows : std::uint8_t { not_asked, loading, there };
  Rows rows_state = Rows::not_asked;
  std::size_t rows_from = 0;           // first token whose rows were loaded
  std::vector<llama::RowsPart> rows;  // in order, without gap, from rows_from or before on
  std::size_t disk_tokens = 0;        // of rows that were read from disk
  double disk_us = 0;                 // and how long that took
};

/// One choice of an answer while it is computed.
struct Stream {
  std::shared_ptr<Replying> reply;
  std::string realm, request_id;
  std::size_t choice = 0;
  std::unique_ptr<llama::Sampler> sampler;
  std::vector<TokenId> tokens;  // of prompt and answer
  std::size_t prompt_tokens = 0;
  std::size_t written = 0, tokens_max = 0;
  std::uint64_t arrived = 0;
  base::Instant received{};

  llama::SequenceId sequence = -1;
  std::size_t done = 0;                   // tokens whose cells are there
  std::vector<llama::RowsPart> restores;  // to put back before anything is computed
  chat::Reuse reuse;
  std::vector<std::unique_ptr<Stream>> siblings;  // other choices, until the prompt is read

  std::size_t pending() const noexcept { return tokens.size() - done; }
  bool reading() const noexcept { return done < prompt_tokens; }
};

}  // namespace refrain::engine
