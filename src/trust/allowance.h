#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/mutex.h"

namespace refrain::trust {

/// What shadow checks may cost a day, in calls and in money. Threads: any.
class CheckAllowance {
 public:
  struct Options {
    std::uint64_t calls_max = 1000;  // a day (UTC); 0: none
    double money_max = 0;            // a day; 0: no limit
    double price = 0;                // of a million tokens; 0: not known
  };
  /// What was spent on one day; kept between two runs of the program.
  struct Spent {
    std::int64_t day = 0;  // since 1970
    std::uint64_t calls = 0;
    double money = 0;
  };
  explicit CheckAllowance(const Options& options) : options_(options) {}

  /// Takes one call if the day has one left.
  bool take(base::WallTime now);
  /// The call that was taken is not made.
  void give_back();
  /// What a check's answer took.
  void paid(std::uint64_t tokens);
  void restore(const Spent& spent);
  Spent spent() const;

 private:
  const Options options_;
  base::Mutex<Spent> spent_;
};

}  // namespace refrain::trust
