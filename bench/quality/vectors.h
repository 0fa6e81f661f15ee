#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "embed/embedder.h"

namespace refrain::quality {

/// Vectors of texts, each computed once and kept in a file per embedder. The file holds no text:
/// records of 16 bytes of digest and dim floats, appended; a torn last one is dropped.
/// Threads: one.
class Vectors {
 public:
  /// folder is made if absent. Errors: io.
  static base::Result<Vectors> open(embed::Embedder& embedder, const std::string& folder);

  /// Computes what is missing, in batches, and tells on stderr how far it is.
  base::Result<> prepare(std::span<const std::string_view> texts);
  /// The text must have been prepared.
  std::span<const float> of(std::string_view text) const;
  std::size_t dim() const noexcept { return dim_; }

 private:
  Vectors(embed::Embedder& embedder, std::string file, std::size_t dim)
      : embedder_(&embedder), file_(std::move(file)), dim_(dim) {}
  base::Result<> load();

  embed::Embedder* embedder_;
  std::string file_;
  std::size_t dim_;
  std::unordered_map<base::Digest, std::size_t, base::DigestHash> row_of_;
  std::vector<float> rows_;
};

}  // namespace refrain::quality
