#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "policy/evidence.h"
#include "policy/profile.h"
#include "policy/verifier.h"
#include "policy/vote.h"

namespace refrain::policy {

/// An entry near the question.
struct Neighbour {
  double cosine = 0;
  const Profile* profile = nullptr;  // of its question
  bool overlooked = false;           // the embedder cannot have seen all that tells them apart
};

/// A neighbour with all that speaks for and against its answer.
struct Weighed {
  PairEvidence pair;
  Vote votes;
  Features evidence{};
  double odds = 0;       // log odds of being right, by the weights given
  bool refused = false;  // a hard gate stands against it, whatever the odds
};

struct Weighing {
  std::vector<Weighed> all;         // [neighbours.size()]
  std::optional<std::size_t> best;  // the likeliest that no hard gate refuses
};

/// Weighs all neighbours of one question.
/// neighbours  best first, kNeighboursMax at most.
/// agreement   [n * n], row-major and symmetric: how far the answers of two neighbours agree,
///             0..1; below 0: not known.
/// Neighbours that a hard gate refuses have no vote: their answers are to other questions.
Weighing weigh(const Profile& query, std::span<const Neighbour> neighbours,
               std::span<const double> agreement, const Features& weights);

}  // namespace refrain::policy
