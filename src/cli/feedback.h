#pragma once

#include <string>

#include "cli/commands.h"

namespace refrain::cli {

struct FeedbackCommand {
  std::string id;       // of an answer, or of the request that got it
  std::string verdict;  // wrong or right
  bool forget_others = false;
};

/// Tells the server, and prints what came of it.
int feedback(const Session& common, const FeedbackCommand& command);

/// The server's reply as text.
std::string render_told(const json::Value& told);

}  // namespace refrain::cli
