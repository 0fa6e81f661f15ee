#pragma once

#include <cstdint>
#include <string>

#include "policy/lexical.h"

namespace refrain::policy {

/// How firmly and of how many a text speaks: one bit per kind of word.
struct Modality {
  std::uint32_t amounts = 0;  // all, some, most, few, half, only, exactly, at least, at most, ...
  std::uint32_t modals = 0;   // can, should, must, will
  bool asks = false;          // begins with a modal: "must I ...", but not "can you ..."
  bool open = false;          // begins with a question word
};
Modality modality(const Reading& reading);

/// What differs, such as "all against some"; "" when nothing does.
/// same_words  the texts have the same telling words: then a modal decides wherever it stands.
std::string compare(const Modality& a, const Modality& b, bool same_words);

}  // namespace refrain::policy
