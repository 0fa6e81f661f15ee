#pragma once

#include <string>
#include <string_view>

#include "chat/conversation.h"
#include "cli/commands.h"

namespace refrain::cli {

struct ImportOptions {
  std::string kind{}, file{};
  std::string model{};  // "": of all models
};

/// Brings the answers of a reference ModelCache SQLite database (table modelcache_llm_answer) to a
/// running server, by its ModelCache door, model by model and oldest first, so that of a question
/// that was stored more than once the last answer stays. Vectors are made anew.
int import_modelcache(const Session& common, const ImportOptions& options);

/// The conversation that a stored question was made of: spliced turns (role###content joined by
/// |||, as the reference writes them, without escapes), "role: content", or else a user's words.
chat::Conversation imported_turns(std::string_view question);

}  // namespace refrain::cli
