#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/call.h"
#include "embed/embedder.h"

namespace refrain::cli {

/// How redundant a set of prompts is (reference GKV 1.6).
struct Redundancy {
  struct Pair {
    std::size_t first = 0, second = 0;  // indices of prompts
    float cosine = 0;
  };
  std::size_t prompts = 0;
  double words_mean = 0;       // separated by white space
  std::uint64_t pairs = 0;     // unordered, with cosine at or above the threshold
  double share_percent = 0;    // of n (n - 1) / 2
  std::vector<Pair> samples;   // the most alike first
};

struct AnalyzeOptions {
  float threshold = 0.9F;      // cosine
  std::size_t samples_max = 5;
  std::function<void(std::uint64_t done)> progress;  // prompts embedded so far; may be empty
};

/// cost: one embedding per prompt and n^2 / 2 inner products.
/// Errors: those of the embedder.
base::Result<Redundancy> analyze(embed::Embedder& embedder, const std::vector<std::string>& prompts,
                                 const AnalyzeOptions& options);

}  // namespace refrain::cli
