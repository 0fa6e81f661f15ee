#include "trust/allowance.h"

#include <chrono>

namespace refrain::trust {

bool CheckAllowance::take(base::WallTime now) {
  const std::int64_t day =
      std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  return spent_.with([&](Spent& spent) {
    if (spent.day != day) spent = {day, 0, 0};
    const bool poor = options_.money_max > 0 && spent.money >= options_.money_max;
    if (spent.calls >= options_.calls_max || poor) return false;
    ++spent.calls;
    return true;
  });
}

void CheckAllowance::give_back() {
  spent_.with([](Spent& spent) { spent.calls -= spent.calls > 0 ? 1U : 0U; });
}

void CheckAllowance::paid(std::uint64_t tokens) {
  spent_.with([&](Spent& spent) {
    spent.money += static_cast<double>(tokens) / 1e6 * options_.price;
  });
}

void CheckAllowance::restore(const Spent& spent) {
  spent_.with([&](Spent& mine) { mine = spent; });
}

CheckAllowance::Spent CheckAllowance::spent() const {
  return spent_.with([](const Spent& spent) { return spent; });
}

}  // namespace refrain::trust
