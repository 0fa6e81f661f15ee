#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/lexical.h"

namespace refrain::policy {

/// What a question asks for. open: what, which, or no question at all; fits every other one.
enum class Asked : std::uint8_t {
  open,
  who,
  when,
  where,
  why,
  how,
  how_many,
  how_much,
  how_long,
  how_old,
  how_often,
  how_far
};
std::string_view name(Asked asked) noexcept;
Asked asked(const Reading& reading);

/// The order of things in a text, where order means something.
struct Order {
  std::vector<std::pair<std::string, std::string>> moves;  // from a to b, a before b
  std::vector<std::string> all;                            // stems of all words; articles are one
  std::vector<std::string> content;  // stems of all words but function words, in their order
  std::vector<bool> directed;        // [content.size()]: a word like to, than, by stands before it
  bool mutual = false;               // a word like and, or, versus
  bool subject = false;              // begins with who, whom or which
  bool inverted =
      false;  // a question that begins with who, which or what, and asks with do, does, did
};
Order order(const Reading& reading);

/// What is the other way round in two texts, such as "usd to eur"; empty when nothing is.
std::string reversed(const Order& a, const Order& b);

}  // namespace refrain::policy
