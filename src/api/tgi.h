#pragma once

#include "api/context.h"

/// The TGI door under /tgi: generate, generate_stream, the root, info and health.
namespace refrain::api::tgi {

/// path: below /tgi: "/", "/generate" or "/generate_stream".
void generate(Context& context, const Visit& visit, std::string_view path);
void info(Context& context, const Visit& visit);
void refuse(const Visit& visit, int status, const std::string& sentence);

}  // namespace refrain::api::tgi
