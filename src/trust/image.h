#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trust/allowance.h"
#include "trust/routes.h"
#include "trust/verdicts.h"

namespace refrain::trust {

/// All that outlives a run of the program.
struct Image {
  std::uint64_t prior = 0;  // print() of the prior that the routes began with
  std::vector<RouteImage> routes;
  std::vector<Spoken> spoken;
  CheckAllowance::Spent spent;
};

/// Tells priors apart.
std::uint64_t print(const policy::Belief& prior) noexcept;

/// docs/formats/trust_state.md: magic, version, sections, checksum.
std::string encode(const Image& image);
/// Any bytes. Errors: corrupt (checksum, counts, numbers that are none), unsupported (another
/// version, or another number of features).
base::Result<Image> decode(std::string_view bytes);
/// The checksum that ends a file whose other bytes these are.
std::uint64_t checksum(std::string_view bytes) noexcept;

}  // namespace refrain::trust
