#pragma once

#include <memory>

#include "policy/eviction.h"

/// The policies one by one; each .cc says how it works and where it is from. Callers use
/// make_eviction().
namespace refrain::policy {

std::unique_ptr<Eviction> make_arc(const EvictionOptions& options);
std::unique_ptr<Eviction> make_fifo(const EvictionOptions& options);
std::unique_ptr<Eviction> make_lfu(const EvictionOptions& options);
std::unique_ptr<Eviction> make_lru(const EvictionOptions& options);
std::unique_ptr<Eviction> make_random(const EvictionOptions& options);
std::unique_ptr<Eviction> make_s3fifo(const EvictionOptions& options);
std::unique_ptr<Eviction> make_w_tinylfu(const EvictionOptions& options);

}  // namespace refrain::policy
