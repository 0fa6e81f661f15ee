#pragma once

#include <string>
#include <vector>

#include "policy/lexical.h"

namespace refrain::policy {

/// What a text says in numbers, one canonical form each, sorted, none twice:
///   "1000000"  one million, 1,000,000, 1M, 1.0e6 not      "5 km"  5 km, five kilometres, 5km
///   "50 percent"  50 %, fifty per cent    "5 usd"  $5, 5 dollars    "-3"  -3, minus three
///   "2"  2, two, second, 2nd, II     "m5"  May     "w1"  Monday     "t930"  15:30, 3:30 pm
///   "3.10.2"  versions and "3.10" as written: 3.10 is not 3.1, but 5.0 is 5     "2 plus 2"
/// Dates become year, month and day, whatever their order; 05/01/2023 stays as written, since
/// nobody knows which is the month.
std::vector<std::string> numbers(const std::vector<Word>& words);

/// Whether numbers() reads the word by itself as a number; such a word is no name.
bool is_numeric(std::string_view word);

/// Whether the word is part of a quantity: a number, a large number word, a unit.
bool is_quantity(std::string_view word);

}  // namespace refrain::policy
