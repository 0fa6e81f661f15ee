#pragma once

#include <memory>

#include "index/id_map.h"
#include "index/turnstile.h"
#include "index/vector_index.h"

namespace refrain::index {

/// Exact search by looking at every vector. The right index for a small number of entries (search
/// at 4,096 x 384: bench/micro/index_bench.cc) and the measure of every other one.
/// Threads: any function, any thread.
class Flat final : public VectorIndex {
 public:
  struct Options {
    std::size_t dim = 0;               // 1..kDimMax
    std::size_t size_max = 1U << 28U;  // entries
    base::Result<> check() const;
  };
  static base::Result<std::unique_ptr<Flat>> open(const Options& options);

  base::Result<> upsert(std::span<const key::EntryId> ids, MatrixView rows) override;
  base::Result<std::size_t> erase(std::span<const key::EntryId> ids) override;
  /// Exact.
  base::Result<std::vector<Neighbour>> search(std::span<const float> query, std::size_t k,
                                              const Filter* allow) const override;
  Info info() const noexcept override;

  std::vector<key::EntryId> ids() const;
  /// Copies the row of `id` into out [dim]; false when it is not there.
  bool copy_row(key::EntryId id, std::span<float> out) const;
  /// Runs work(ids, rows) on everything, under the read lock.
  template <class Work>
  decltype(auto) visit(Work&& work) const {
    std::shared_lock guard(lock_);
    return work(std::span<const key::EntryId>(ids_),
                MatrixView{rows_.data(), ids_.size(), options_.dim});
  }

 private:
  explicit Flat(const Options& options) : options_(options) {}
  void put(key::EntryId id, const float* row);

  const Options options_;
  mutable Turnstile lock_;
  std::vector<key::EntryId> ids_;
  std::vector<float> rows_;      // [ids_.size(), dim]
  IdMap<std::uint32_t> row_of_;  // id to row
};

}  // namespace refrain::index
