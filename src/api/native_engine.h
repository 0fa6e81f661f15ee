#pragma once

#include "api/context.h"
#include "json/value.h"
#include "serve/prompt_kv.h"

/// The native door's view of the embedded engine (rows A16 to A18 of the reference):
/// GET /refrain/v1/engine/entries/{id}, POST /refrain/v1/engine/clear,
/// GET /refrain/v1/engine/statistics.
namespace refrain::api::native {

/// path  below /refrain/v1/engine. Errors: not_found (no such route).
base::Result<json::Value> engine_request(serve::PromptKv& kv, const key::Tenant& tenant,
                                         std::string_view path);

/// What the engine is and what it can be trusted with; {"there": false} without one.
json::Value engine_view(const serve::PromptKv& kv);

}  // namespace refrain::api::native
