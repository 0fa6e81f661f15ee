#pragma once

#include <span>

#include "index/vector_index.h"

namespace refrain::index {

inline constexpr std::size_t kDimMax = 16384;

/// Errors: invalid unless there are ids.size() rows of `dim` floats, each of unit length within
/// 1e-3 (hence finite), and no id is 0.
base::Result<> check_rows(std::span<const key::EntryId> ids, const MatrixView& rows,
                          std::size_t dim);

/// The same for one query.
base::Result<> check_query(std::span<const float> query, std::size_t dim);

/// Whether a row of `dim` floats has unit length within 1e-3.
bool is_unit(const float* row, std::size_t dim) noexcept;

}  // namespace refrain::index
