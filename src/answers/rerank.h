#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"

namespace refrain::answers {

/// A stored question that is near to the asked one.
struct Candidate {
  std::string_view text;  // what was embedded of it
  float cosine = 0;
  std::string_view overlooked{};  // what the embedder cannot have seen of the difference
};

/// Judges the k best again, by looking at the texts. Its scores have a scale of their own and are
/// compared with a floor of their own, never with a cosine's. Threads: any.
class Reranker {
 public:
  virtual ~Reranker() = default;
  /// scores[i] of candidates[i], higher is better. May block. Errors: those of whoever scores.
  virtual base::Result<std::vector<double>> score(const base::Call& call, std::string_view query,
                                                  std::span<const Candidate> candidates) = 0;
};

/// The semantic tier's own judgement of two texts: the gates, and the verifier's probability that
/// one answer is right for both. Scores in [0, 1]; 0 where a gate refuses.
class VerifierReranker final : public Reranker {
 public:
  base::Result<std::vector<double>> score(const base::Call& call, std::string_view query,
                                          std::span<const Candidate> candidates) override;
};

}  // namespace refrain::answers
