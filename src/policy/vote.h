#pragma once

#include <cstddef>
#include <span>

namespace refrain::policy {

/// What the neighbours' answers say about one candidate's.
struct Vote {
  double margin = 0;    // cosine above the nearest neighbour with another answer, -1..1; when none
                        // has another answer, above the furthest one; 0.3 when there are fewer than
                        // kNeighboursMax and none has another answer
  bool rival = false;   // a neighbour has another answer
  double share = 0;     // softmax share of the other neighbours that agree with it, 0..1
  double agreeing = 0;  // how many others agree, 0..kNeighboursMax-1
  double second = 0;    // cosine of the best other that agrees, 0 if none
  double density = 0;   // the candidate's cosine above the mean of all
};
inline constexpr std::size_t kNeighboursMax = 10;

/// candidate  index into both spans.
/// cosines    of the neighbours, best first, kNeighboursMax at most.
/// agreement  of each neighbour's answer with the candidate's, 0..1 (its own: 1); below 0: not
///            known, which counts for neither side.
Vote vote(std::size_t candidate, std::span<const double> cosines,
          std::span<const double> agreement) noexcept;

}  // namespace refrain::policy
