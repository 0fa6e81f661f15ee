#pragma once

#include "policy/profile.h"

namespace refrain::policy {

/// What two texts say about each other, as numbers. Symmetric; 0..1 where nothing else is said.
struct PairEvidence {
  double cosine = 0;  // -1..1
  Overlap words;
  std::size_t negations = 0, opposites = 0;  // by how many the texts differ
  // 1: the gate of that name refuses.
  bool numbers = false, names = false, polarity = false, question = false, direction = false,
       time = false, modality = false, substitution = false, length = false;
  bool strict = false;  // a script of which the gates know little: only overlap counts
  /// No gate says that the texts differ.
  bool passes() const noexcept {
    return !(numbers || names || polarity || question || direction || time || modality ||
             substitution || length);
  }
};
/// Whether one text is so much longer that it asks something else as well.
bool lengths_differ(const Profile& a, const Profile& b) noexcept;
PairEvidence pair_evidence(const Profile& a, const Profile& b, double cosine);

}  // namespace refrain::policy
