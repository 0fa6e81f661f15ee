#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "policy/evidence.h"
#include "policy/profile.h"
#include "policy/switches.h"
#include "policy/verifier.h"
#include "policy/vote.h"

namespace refrain::policy {

/// An entry near the question.
struct Neighbour {
  double cosine = 0;
  const Profile* profile = nullptr;  // of its question
  bool overlooked = false;           // the embedder cannot have seen all that tells them apart
  bool votes_only = false;           // below the floor: no candidate
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

/// How far the answers of two neighbours agree, 0..1; below 0: not known. Symmetric.
using AgreementOf = std::function<double(std::size_t a, std::size_t b)>;

/// Weighs all neighbours of one question.
/// neighbours  best first, kNeighboursMax at most.
/// agreement   [n * n], row-major and symmetric: how far the answers of two neighbours agree,
///             0..1; below 0: not known.
/// Neighbours that a hard gate refuses have no vote: their answers are to other questions.
Weighing weigh(const Profile& query, std::span<const Neighbour> neighbours,
               std::span<const double> agreement, const Features& weights);
/// The same; `agreement` is asked once at most for each pair of neighbours that have a vote, as
/// comparing two answers costs more than all else. Gates that are off are not heard.
Weighing weigh(const Profile& query, std::span<const Neighbour> neighbours,
               const AgreementOf& agreement, const Features& weights, const Switches& gates);

}  // namespace refrain::policy
