#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace refrain::quality {

/// Two texts and whether one answer may serve both.
struct Pair {
  std::string a, b;
  bool same = false;
  std::string kind;       // source or category within the set; "" if it has none
  std::size_t group = 0;  // rows of one group are split together: connected component
};
struct PairSet {
  std::string name;
  std::vector<Pair> pairs;
};

/// A request whose class is its answer.
struct Utterance {
  std::string text;
  std::size_t group = 0;  // index of the class
};
struct Intents {
  std::string name;
  std::vector<std::string> classes;
  std::vector<Utterance> utterances;
};

/// Rows of {"a","b","label"} in JSON lines, gzip or plain. Components are found over all rows, so
/// that a split by group never puts one text on both sides.
/// Errors: io (cannot be read), corrupt (not such a row; names the line).
base::Result<PairSet> load_pairs(const std::string& file, std::string name);
/// Rows of {"text","intent"}.
base::Result<Intents> load_intents(const std::string& file, std::string name);

}  // namespace refrain::quality
