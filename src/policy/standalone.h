#pragma once

#include "policy/lexical.h"

namespace refrain::policy {

/// Whether a question says by itself what it asks. "And in winter?", "what about the other one?"
/// and "does it work?" do not: what they mean stands in earlier turns. Fails closed: words that may
/// refer to something count as referring. English, and what is commonest in German, Spanish and
/// Chinese; a text of fewer than two telling words never stands alone.
bool stands_alone(const Reading& text);

}  // namespace refrain::policy
