#pragma once

#include <string>

#include "cli/commands.h"
#include "policy/pair_check.h"

namespace refrain::cli {

struct CheckCommand {
  std::string a, b;
};

struct Checked {
  double cosine = 0;
  policy::PairCheck pair;
};

/// Whether one of two texts may be answered with the other one's answer, by the default decision.
/// Errors: those of the embedder.
base::Result<Checked> check_texts(embed::Embedder& embedder, const std::string& a,
                                  const std::string& b);

/// Prints the verdict and each gate's word; 0 when it would be served, 1 when not.
int check(const Session& common, const CheckCommand& command, embed::Embedder& embedder);

/// The same as text or JSON.
std::string render(const Checked& checked);
std::string render_json(const Checked& checked);

}  // namespace refrain::cli
