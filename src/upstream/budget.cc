#include "upstream/budget.h"

#include <algorithm>

namespace refrain::upstream {

RetryBudget::RetryBudget(const Options& options)
    : options_(options), left_(std::in_place, options.burst) {}

void RetryBudget::earn() {
  left_.with([this](double& left) { left = std::min(left + options_.share, options_.burst); });
}

bool RetryBudget::spend() {
  return left_.with([](double& left) {
    // Ten times 0.1 is a little under 1.
    if (left < 1 - 1e-9) return false;
    left -= 1;
    return true;
  });
}

}  // namespace refrain::upstream
