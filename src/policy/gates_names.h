#pragma once

#include <string>
#include <vector>

#include "policy/lexical.h"

namespace refrain::policy {

/// What a text is about by name, and all that it says, to look another text's names up in.
struct Names {
  enum class Kind : unsigned char { name, span, address };
  struct Item {
    std::string text;  // folded: what to look up
    std::string word;  // as read, lower case
    Kind kind = Kind::name;
  };
  std::vector<Item> items;
  std::vector<std::string> said;  // every word, folded; sorted
};
Names names(const Reading& reading);

/// The first name of `a` that `b` does not say, in whatever case or number; nullptr when there is
/// none. b_normal: the normal form of b's text.
const Names::Item* missing(const Names& a, const Names& b, std::string_view b_normal);

}  // namespace refrain::policy
