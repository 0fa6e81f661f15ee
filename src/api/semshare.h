#pragma once

#include "api/context.h"
#include "serve/prompt_kv.h"

/// The SemShareKV door: /v1/generate, /v1/cache/stats, /v1/cache/clear.
namespace refrain::api::semshare {

/// Answers the visit, now or when the model has written its answer; a clear waits for the disk.
void handle(serve::PromptKv& kv, const base::Clock& clock, const Visit& visit);

}  // namespace refrain::api::semshare
