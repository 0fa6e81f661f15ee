#pragma once

#include "policy/agreement.h"
#include "quality/streams.h"

namespace refrain::quality {

enum class Wording { one_text, anew_short, anew_long };

/// Gives each request of the stream an answer of its class: always the same text, or worded anew by
/// one of several templates. A class's facts (what to do, where, how long, what it costs) are drawn
/// from short lists by its number, so that classes share some of them.
void answer(Stream& stream, Wording wording, std::uint64_t seed);

/// The judge of agreement over the stream's answers. Pairs are judged once. The stream must
/// outlive it and not change.
Agree judged(const Stream& stream);

}  // namespace refrain::quality
