#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"

namespace refrain::embed {

/// rows x cols numbers, row after row.
struct Matrix {
  std::vector<float> data;
  std::size_t rows = 0, cols = 0;
  std::span<const float> row(std::size_t index) const {
    return std::span(data).subspan(index * cols, cols);
  }
};

struct Info {
  std::string model;           // "all-MiniLM-L6-v2"
  std::string revision;        // checksum of the weights, or what the remote end calls itself
  std::size_t dim = 0;         // 0: not known before the first answer (remote embedders)
  std::size_t tokens_max = 0;  // of one window; 0: unknown
  /// Names the vectors' space: vectors of two names never meet.
  std::string name() const { return revision.empty() ? model : model + "@" + revision; }
};

struct Stats {
  std::uint64_t texts = 0, calls = 0, errors = 0, deadlines = 0, refused = 0;
  std::uint64_t windows = 0;  // windows of texts that are longer than one
};

/// Texts to unit vectors. Threads: any.
class Embedder {
 public:
  virtual ~Embedder() = default;
  /// texts UTF-8, not empty; result [texts.size(), dim] f32, unit rows, same order. Texts beyond
  /// one window are windowed (mean of the windows' vectors, weighted by tokens, unit again).
  /// Errors: invalid (unknown to a table, empty), too_large (more windows than allowed), deadline,
  /// busy (queue full), unavailable (remote end), internal.
  virtual base::Result<Matrix> embed(const base::Call&,
                                     std::span<const std::string_view> texts) = 0;
  /// What tells `a` from `b` and this embedder cannot have seen, so that its cosine says nothing of
  /// it: the word of `a`, or else of `b`, in lower case; "" if there is none that it knows of.
  virtual std::string overlooked(std::string_view a, std::string_view b) const;
  virtual Info info() const = 0;
  virtual Stats stats() const = 0;
};

}  // namespace refrain::embed
