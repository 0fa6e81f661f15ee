#pragma once

#include <string>
#include <vector>

#include "policy/belief.h"
#include "quality/data_sets.h"
#include "quality/streams.h"
#include "quality/vectors.h"

namespace refrain::quality {

/// The development sets, split once for all: by intent, by connected component.
struct Development {
  Stream banking_tune;       // half of the intents, train part
  Stream banking_untouched;  // the other half, both parts
  Stream banking_test;       // test part, all intents
  PairSet negation_tune, negation_untouched, chinese_tune, chinese_untouched, paraphrases;
  PairSet questions;  // one eighth of the QQP components: for evaluation only (licence)
  PairSet exchanged;  // made from the paraphrases
};
/// Errors: those of load_pairs and load_intents.
base::Result<Development> load(const std::string& data);
/// All texts, to be prepared.
std::vector<std::string_view> texts_of(const Development& sets);

/// The belief a route starts with. Fitted on the tune parts of banking, negation and Chinese pairs,
/// on the paraphrases and on the synthetic stream, whose licences allow it; not on QQP.
/// Three rounds: what is labelled depends on what the round before would look at.
policy::Belief fit_prior(const Development& sets, const Stream& made, const Vectors& vectors);

/// src/policy/verifier_table.cc.
std::string as_source(const policy::Belief& prior);

}  // namespace refrain::quality
