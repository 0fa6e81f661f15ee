#pragma once

#include "quality/streams.h"

namespace refrain::quality {

/// The pair protocol: every `a` is stored with an answer of its own, then every `b` is asked.
/// Right: label 1 joins the query with the text that answers, over any number of such pairs.
struct PairStep : Step {
  std::size_t pair = 0;  // index of the pair whose b is asked
  bool own = false;      // its own a would answer
};
/// stored: whether an a is stored at all, by its number; a query whose own a is not there may only
/// be answered wrongly.
std::vector<PairStep> ask_pairs(const PairSet& set, const Vectors& vectors, const Judge& judge,
                                std::uint64_t seed,
                                const std::function<bool(std::size_t)>& stored = {});

/// Pairs that differ in one decisive word: one telling word of an `a` is replaced by one of
/// another.
PairSet with_one_word_exchanged(const PairSet& set, std::uint64_t seed);

/// The pairs of some groups only; keep(group) says which.
PairSet part_of(const PairSet& set, const std::function<bool(std::size_t)>& keep);

}  // namespace refrain::quality
