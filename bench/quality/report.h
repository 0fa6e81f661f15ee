#pragma once

#include <string>
#include <vector>

#include "json/value.h"

namespace refrain::quality {

/// One rule at one setting on one set.
struct Point {
  std::string mode;    // cosine | gates | verified
  double setting = 0;  // threshold, floor or error_max
  std::size_t requests = 0, hits = 0, wrong = 0;
  std::size_t same = 0, same_served = 0;    // pair sets: label 1, and of these served rightly
  std::size_t other = 0, other_served = 0;  // label 0, and of these served wrongly
  double hit_rate() const;
  double wrong_rate() const;
};
struct Interval {
  double low = 0, high = 1;
};
/// Wilson's interval of a share, 95 %.
Interval wilson(std::size_t part, std::size_t whole);

struct SetReport {
  std::string name;
  std::vector<Point> points;
};

/// The highest hit rate of a mode's points whose wrong rate is at most `wrong_max`; 0 if none.
double best_hits(const SetReport& set, const std::string& mode, double wrong_max);

std::string table(const SetReport& set);
std::string csv(const SetReport& set);
json::Value to_json(const SetReport& set);

}  // namespace refrain::quality
