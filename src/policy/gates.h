#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "key/identity.h"
#include "policy/profile.h"

namespace refrain::policy {

/// How a semantic candidate is judged: floor and gates, the cosine alone, or not at all.
enum class Mode : std::uint8_t { verified, threshold, off };
/// cosine >= floor, or strictly above it.
enum class Compare : std::uint8_t { at_least, above };

// The first floor of verified mode: below it MiniLM's neighbours are mostly of the same topic
// rather than the same question, above it the gates have to tell. To be replaced by the quality
// bench's.
inline constexpr float kVerifiedFloor = 0.85F;
// In verified mode: the cosine from which a candidate is weighed at all, and the one from which it
// is served before there are labels although no other answer supports it. The quality bench's.
inline constexpr float kWeighedFloor = 0.7F;
inline constexpr float kAloneFloor = 0.86F;

struct Rule {
  Mode mode = Mode::verified;
  float floor = kVerifiedFloor;  // cosine, -1..1
  Compare compare = Compare::at_least;
  double error_max = 0.01;          // verified: of the hits, 0..1
  float alone_floor = kAloneFloor;  // verified: see Budget::Options
};

struct Candidate {
  key::EntryId id = 0;
  float cosine = 0;
  std::string_view text;  // the stored question
  std::string_view overlooked = {};  // by what the texts differ unseen by the embedder; "" if seen
};

/// What one gate said. Printable: long numbers, addresses and quoted or code spans are named by
/// their kind and not shown.
struct Reason {
  std::string gate;  // mode floor identical unseen length numbers names polarity question direction
                     // time modality substitution
  bool refused = false;
  std::string words;
};

struct Verdict {
  key::EntryId id = 0;
  bool accept = false;
  std::vector<Reason> reasons;
};

struct Decision {
  std::optional<std::size_t> accepted;  // index into the candidates
  std::vector<Verdict> looked_at;       // the first ones, in their order
};

/// Decides whether a stored answer may answer `query`: the first candidate, best first, that
/// passes. threshold: only the best candidate, by its cosine. verified: those over the floor, each
/// through all gates; a text that is the same but for case, spaces and final punctuation needs no
/// gate. Cosine and floor are compared as multiples of a millionth: an inner product of floats of
/// what is exactly 0.8 may come out as 0.80000001, which must not be "above 0.8".
/// Pure; any bytes. Cost: about 15 microseconds a candidate of 100 characters, -O2.
Decision decide(const Rule& rule, std::string_view query, std::span<const Candidate> candidates);

/// Whether a cosine reaches the floor, and the same in words.
bool reaches_floor(const Rule& rule, float cosine) noexcept;
Reason floor_reason(const Rule& rule, float cosine);
/// The gates alone, for two texts that were read before.
std::vector<Reason> compare_profiles(const Profile& a, const Profile& b);
/// The gates alone, for one pair: every reason, refused or not. Symmetric in what it refuses.
std::vector<Reason> compare_texts(std::string_view a, std::string_view b);

}  // namespace refrain::policy
