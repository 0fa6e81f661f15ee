// Exact nearest neighbours: one inner product per entry, the k best kept in a heap.
//
// Rows stay f32. A threshold of 0.80 that operators write down must be 0.80 and not 0.80 give or
// take a quantisation step, and at the sizes that this index is for the scan is bound by the
// cache, not by the arithmetic. An erased row is filled by the last one, so that the scan never
// meets a hole.
#include "index/flat.h"

#include <fmt/format.h>

#include <limits>

#include "index/best.h"
#include "index/kernel.h"
#include "index/unit_rows.h"

namespace refrain::index {

base::Result<> Flat::Options::check() const {
  if (dim == 0 || dim > kDimMax) {
    return base::fail(base::Code::invalid,
                      fmt::format("vectors of {} dimensions, 1 to {} are possible", dim, kDimMax));
  }
  if (size_max > std::numeric_limits<std::uint32_t>::max()) {
    return base::fail(base::Code::invalid,
                      fmt::format("size_max {}, at most 2^32-1 is possible", size_max));
  }
  return {};
}

base::Result<std::unique_ptr<Flat>> Flat::open(const Options& options) {
  TRY_DO(options.check());
  return std::unique_ptr<Flat>(new Flat(options));
}

void Flat::put(key::EntryId id, const float* row) {
  if (const std::uint32_t* known = row_of_.find(id)) {
    std::copy_n(row, options_.dim, rows_.data() + *known * options_.dim);
    return;
  }
  row_of_.set(id, static_cast<std::uint32_t>(ids_.size()));
  ids_.push_back(id);
  // By a quarter, not by doubling: with very many small spaces the spare room is most of what they
  // cost beside their vectors, and the rows of all of them are never copied more than five times.
  if (rows_.size() + options_.dim > rows_.capacity()) {
    rows_.reserve(rows_.size() + options_.dim * (1 + ids_.size() / 4));
  }
  rows_.insert(rows_.end(), row, row + options_.dim);
}

base::Result<> Flat::upsert(std::span<const key::EntryId> ids, MatrixView rows) {
  TRY_DO(check_rows(ids, rows, options_.dim));
  std::unique_lock guard(lock_);
  for (std::size_t at = 0; at < ids.size(); ++at) {
    if (ids_.size() >= options_.size_max && row_of_.find(ids[at]) == nullptr) {
      return base::fail(base::Code::too_large,
                        fmt::format("the index holds its {} entries", options_.size_max));
    }
    put(ids[at], rows.data + at * options_.dim);
  }
  return {};
}

base::Result<std::size_t> Flat::erase(std::span<const key::EntryId> ids) {
  std::unique_lock guard(lock_);
  std::size_t erased = 0;
  for (const key::EntryId id : ids) {
    const std::uint32_t* known = row_of_.find(id);
    if (known == nullptr) {
      continue;
    }
    const std::uint32_t row = *known;
    const std::size_t last = ids_.size() - 1;
    row_of_.erase(id);
    if (row != last) {
      std::copy_n(rows_.data() + last * options_.dim, options_.dim,
                  rows_.data() + row * options_.dim);
      ids_[row] = ids_[last];
      row_of_.set(ids_[row], row);
    }
    ids_.pop_back();
    rows_.resize(last * options_.dim);
    ++erased;
  }
  return erased;
}

base::Result<std::vector<Neighbour>> Flat::search(std::span<const float> query, std::size_t k,
                                                  const Filter* allow) const {
  TRY_DO(check_query(query, options_.dim));
  std::shared_lock guard(lock_);
  k = std::min(k, ids_.size());
  if (k == 0) {
    return std::vector<Neighbour>{};
  }
  Best best(k);
  for (std::size_t row = 0; row < ids_.size(); ++row) {
    if (allow == nullptr || allow->allows(ids_[row])) {
      best.offer({ids_[row],
                  kernels.f32(query.data(), rows_.data() + row * options_.dim, options_.dim)});
    }
  }
  return best.take();
}

Info Flat::info() const noexcept {
  std::shared_lock guard(lock_);
  return {.dim = options_.dim,
          .size = ids_.size(),
          .bytes = sizeof(Flat) + ids_.capacity() * sizeof(key::EntryId) +
                   rows_.capacity() * sizeof(float) + row_of_.bytes()};
}

std::vector<key::EntryId> Flat::ids() const {
  std::shared_lock guard(lock_);
  return ids_;
}

bool Flat::copy_row(key::EntryId id, std::span<float> out) const {
  std::shared_lock guard(lock_);
  const std::uint32_t* known = row_of_.find(id);
  if (known == nullptr) {
    return false;
  }
  std::copy_n(rows_.data() + *known * options_.dim, options_.dim, out.data());
  return true;
}

}  // namespace refrain::index
