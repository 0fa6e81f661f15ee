#include "base/metric.h"

#include <algorithm>
#include <bit>

namespace refrain::base {

void Histogram::observe(std::chrono::nanoseconds duration) noexcept {
  auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  // Bucket i holds (2^(i-1), 2^i] microseconds; bucket 0 all up to one microsecond.
  std::uint64_t microseconds = (nanoseconds + 999) / 1000;
  auto bucket = microseconds <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(microseconds - 1));
  bucket = std::min(bucket, kBuckets - 1);
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_nanoseconds_.fetch_add(nanoseconds, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const noexcept {
  Snapshot copy;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    copy.counts[i] = counts_[i].load(std::memory_order_relaxed);
    copy.count += copy.counts[i];
  }
  copy.sum_seconds = static_cast<double>(sum_nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
  return copy;
}

double Histogram::upper_bound(std::size_t bucket) noexcept {
  return static_cast<double>(std::uint64_t{1} << bucket) / 1e6;
}

double Histogram::Snapshot::quantile(double share) const noexcept {
  if (count == 0) return 0;
  auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts[i];
    if (seen > wanted || seen == count) return upper_bound(i);
  }
  return upper_bound(kBuckets - 1);
}

}  // namespace refrain::base
