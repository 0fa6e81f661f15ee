#include "answers/rerank.h"

#include <algorithm>

#include "policy/pair_check.h"

namespace refrain::answers {

base::Result<std::vector<double>> VerifierReranker::score(const base::Call&, std::string_view query,
                                                          std::span<const Candidate> candidates) {
  std::vector<double> scores;
  scores.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    const policy::PairCheck check = policy::check_pair(
        query, candidate.text, static_cast<double>(candidate.cosine), candidate.overlooked);
    const bool refused = std::ranges::any_of(check.reasons, [](const policy::Reason& reason) {
      return reason.refused && reason.gate != "verifier";
    });
    scores.push_back(refused ? 0 : check.identical ? 1 : 1 - check.allowance.wrong);
  }
  return scores;
}

}  // namespace refrain::answers
