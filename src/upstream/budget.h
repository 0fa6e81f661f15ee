#pragma once

#include "base/mutex.h"

namespace refrain::upstream {

/// How many retries are affordable: every request earns a share of one, up to a burst. An upstream
/// that is down therefore sees at most 1 + share times the load, not a multiple. Threads: any.
class RetryBudget {
 public:
  struct Options {
    double share = 0.1;
    double burst = 10;
  };
  explicit RetryBudget(const Options& options);

  void earn();
  /// False: none left, the failure stands.
  bool spend();

 private:
  const Options options_;
  base::Mutex<double> left_;
};

}  // namespace refrain::upstream
