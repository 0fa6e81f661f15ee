#pragma once

#include <string_view>

namespace refrain::policy {

/// Number of the meaning of a stemmed word, the same for words that may stand for each other in a
/// question (buy, purchase); -1 where the list knows none. A list of ours.
int concept_of(std::string_view stem) noexcept;

/// Whether the stemmed word is frequent in questions of any subject and so tells little.
bool is_common(std::string_view stem) noexcept;

/// Function words of German, Spanish, Chinese, which is_function_word() does not know.
bool is_particle(std::string_view word) noexcept;

}  // namespace refrain::policy
