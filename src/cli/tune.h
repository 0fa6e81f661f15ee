#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"
#include "embed/embedder.h"
#include "json/value.h"
#include "policy/tuning.h"

namespace refrain::cli {

struct TuneCommand {
  std::string file;  // of labelled pairs, or of GET /refrain/v1/feedback
  std::string out;   // the profile; "" only prints what to expect
  double error_max = 0.01;
};

/// A line of the file: two texts, or the features of a decision that somebody judged.
struct Labelled {
  std::string a, b;  // "" with features
  policy::Features evidence{};
  bool right = false;
  std::string group;
};

/// Reads JSON lines, a JSON list, or {"labels": [...]}; an item is {"a","b","same","group"?} (also
/// question, stored, label) or {"judgement": {"features"},"verdict": wrong | right,"answer_id"}.
/// Errors: invalid, with the number of the item.
base::Result<std::vector<Labelled>> read_labelled(const std::string& text);

/// Pairs without a group that share a text, also by way of others, are one group.
/// Errors: those of the embedder.
base::Result<std::vector<policy::Example>> examples_of(embed::Embedder& embedder,
                                                       const std::vector<Labelled>& labelled);

/// Fits a profile, writes it, and prints what to expect of it.
int tune(const Session& common, const TuneCommand& command, embed::Embedder& embedder);

/// What was found, as text or JSON.
std::string render_tuned(const policy::Tuned& tuned);
json::Value tuned_json(const policy::Tuned& tuned);

}  // namespace refrain::cli
