#pragma once

#include <string>
#include <string_view>

#include "embed/wordpiece.h"

namespace refrain::embed {

/// The first word of `a`, or else of `b`, by which the texts differ though the tokenizer shows the
/// model the same: a spelling that folds into one that the other text has (resume with and without
/// accents), or a word that the vocabulary cannot spell. Case is no difference. "" if none.
std::string overlooked(const WordPiece& pieces, std::string_view a, std::string_view b);

}  // namespace refrain::embed
