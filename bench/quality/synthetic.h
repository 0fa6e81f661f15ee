#pragma once

#include <cstdint>

#include "quality/streams.h"

namespace refrain::quality {

/// A stream whose truth is known by construction: a class is a question family with its slots
/// filled, a request words the class by one of the family's templates, and classes that differ in
/// one slot are each other's confusers. Classes are asked with Zipf's frequencies.
struct SyntheticOptions {
  std::size_t requests = 10000;
  std::size_t classes = 1500;
  double exponent = 0.9;  // of Zipf's law
  std::uint64_t seed = 1;
};
/// group and answer of a request are its class; Stream::answers is left empty.
Stream synthetic(const SyntheticOptions& options);

}  // namespace refrain::quality
