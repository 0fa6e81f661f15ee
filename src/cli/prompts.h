#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace refrain::cli {

/// The prompts of a file, by its ending (reference GKV 1.6, and the files that it could not read):
///   .jsonl  per line a string, or an object with prompt, input, question or text
///   .json   a list of these; or an object with Questions (RawQuestion or ProcessedQuestion),
///           questions, data, entries or intents; lists of texts (utterances of an intent) count
///           each
///   .csv    RFC 4180 with a header line, with or without a byte order mark; the column prompt,
///           input, question or questions, in any case
/// Errors: invalid (unknown ending, broken line with its number, no prompts), io.
base::Result<std::vector<std::string>> read_prompts(const std::string& file);

}  // namespace refrain::cli
