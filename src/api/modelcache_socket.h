#pragma once

#include <memory>

#include "api/modelcache.h"

namespace refrain::api {

/// Serves one WebSocket of ModelCache's door: frames in, frames out, each with its request's id, in
/// the order in which they are ready.
std::unique_ptr<net::Correspondent> modelcache_socket(ModelcacheDoor& door,
                                                      ModelcacheDoor::Asker asker);

}  // namespace refrain::api
