#pragma once

#include "api/context.h"

/// The GKV door (reference 1.2 to 1.4): POST /generate with a user and a strategy, and /data/*.
namespace refrain::api::gkv {

void generate(Context& context, const Visit& visit);
/// path: "/data/start", "/data/stop", "/data/csv" or "/data/files/{name}".
void data(Context& context, const Visit& visit);

}  // namespace refrain::api::gkv
