#pragma once

#include <optional>
#include <string>

#include "index/space_index.h"
#include "store/store.h"

namespace refrain::cache {

/// The store's vectors of one embedder, page by page, for an index that is to hold them.
/// Threads: one at a time.
class StoreTruth final : public index::Truth {
 public:
  struct Options {
    std::string embedder;  // name and revision
    std::size_t dim = 0;
    key::EntryId settled = 0;
    std::size_t page = 2000;  // records
  };
  StoreTruth(Options options, store::Store& store);

  base::Result<std::vector<Row>> next() override;
  key::EntryId settled() const override { return options_.settled; }
  /// Vectors of other embedders that were left out.
  std::uint64_t strangers() const noexcept { return strangers_; }

 private:
  const Options options_;
  store::Store& store_;
  store::Scan scan_;
  bool more_ = true;
  std::uint64_t strangers_ = 0;
};

}  // namespace refrain::cache
