#pragma once

#include "api/context.h"

/// The native door under /refrain/v1: lookup, entries, invalidate, explain, stats. Bodies are JSON;
/// errors have the shape {"error":{"message","code"}}. docs/protocol/native.md.
namespace refrain::api::native {

/// Routes below /refrain/v1; runs on a work thread, as all of it may block.
void handle(Context& context, const Visit& visit);
/// {"error":{"message","code"}}
std::string error_body(const base::Error& error);
void refuse(const Visit& visit, int status, const base::Error& error);

}  // namespace refrain::api::native
