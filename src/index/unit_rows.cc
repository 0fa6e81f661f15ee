#include "index/unit_rows.h"

#include <fmt/format.h>

#include <cmath>

#include "index/kernel.h"

namespace refrain::index {
namespace {

float length_squared(const float* row, std::size_t dim) noexcept {
  return kernels.f32(row, row, dim);
}

}  // namespace

bool is_unit(const float* row, std::size_t dim) noexcept {
  // A length within 1e-3 of one; false for NaN, since no comparison with it holds.
  const float squared = length_squared(row, dim);
  return squared >= 0.999F * 0.999F && squared <= 1.001F * 1.001F;
}

base::Result<> check_rows(std::span<const key::EntryId> ids, const MatrixView& rows,
                          std::size_t dim) {
  if (rows.rows != ids.size() || rows.cols != dim) {
    return base::fail(base::Code::invalid,
                      fmt::format("{} ids with rows [{}, {}], expected [{}, {}]", ids.size(),
                                  rows.rows, rows.cols, ids.size(), dim));
  }
  for (std::size_t at = 0; at < ids.size(); ++at) {
    if (ids[at] == 0) {
      return base::fail(base::Code::invalid, fmt::format("row {} has entry id 0", at));
    }
    if (const float* row = rows.data + at * dim; !is_unit(row, dim)) {
      return base::fail(base::Code::invalid,
                        fmt::format("vector of entry {} has length {}, expected 1", ids[at],
                                    std::sqrt(length_squared(row, dim))));
    }
  }
  return {};
}

base::Result<> check_query(std::span<const float> query, std::size_t dim) {
  if (query.size() != dim) {
    return base::fail(base::Code::invalid,
                      fmt::format("query has {} dimensions, the index {}", query.size(), dim));
  }
  if (!is_unit(query.data(), dim)) {
    return base::fail(base::Code::invalid,
                      fmt::format("query has length {}, expected 1",
                                  std::sqrt(length_squared(query.data(), dim))));
  }
  return {};
}

}  // namespace refrain::index
