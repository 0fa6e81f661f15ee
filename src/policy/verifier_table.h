#pragma once

#include "policy/belief.h"

namespace refrain::policy {

/// The verifier's weights before a route has labels of its own, and how sure they are: about as if
/// they came from 300 labels. 7 KB; made by `refrain_quality fit` (bench/quality).
const Belief& verifier_prior() noexcept;

}  // namespace refrain::policy
