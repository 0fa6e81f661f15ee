#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "key/identity.h"

namespace refrain::index {

/// Row-major f32, owned by the caller for the length of one call.
struct MatrixView {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
};

/// An entry and the inner product of its vector with the query: the cosine, -1..1 within 1e-3.
struct Neighbour {
  key::EntryId id = 0;
  float score = 0;
  bool operator==(const Neighbour&) const = default;
};

/// Which entries may be found. Asked under the index's read lock: cheap, no locks, no call back.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual bool allows(key::EntryId id) const noexcept = 0;
};

struct Info {
  std::size_t dim = 0;
  std::size_t size = 0;   // entries that can be found
  std::size_t bytes = 0;  // memory held, entries that were erased but not yet cleared included
};

/// Nearest neighbours among unit vectors.
/// Threads: const functions run beside any other call; writers are put in a row by the index.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  /// ids     non-zero; one given twice counts as replaced by the later row.
  /// rows    [ids.size(), dim], unit length within 1e-3. Rows of known ids are replaced.
  /// Errors  invalid (shape, norm, id 0; nothing is changed), too_large (Options::size_max; the
  ///         rows before the limit are in).
  virtual base::Result<> upsert(std::span<const key::EntryId> ids, MatrixView rows) = 0;
  /// Returns how many of the ids were there.
  virtual base::Result<std::size_t> erase(std::span<const key::EntryId> ids) = 0;
  /// query   [dim], unit length within 1e-3.
  /// allow   nullptr means all.
  /// returns at most k neighbours, best first, equal scores by smaller id. Approximate unless the
  ///         implementation says exact; the scores are exact f32 inner products in any case.
  /// Errors  invalid (shape, norm).
  virtual base::Result<std::vector<Neighbour>> search(std::span<const float> query, std::size_t k,
                                                      const Filter* allow) const = 0;
  virtual Info info() const noexcept = 0;
};

}  // namespace refrain::index
