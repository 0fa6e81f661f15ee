#pragma once

#include "chat/request.h"

namespace refrain::wire {

/// The request headers that travel on to the upstream, in their order. Left out: those of one
/// connection (RFC 9110 section 7.6.1, and what Connection names), host, content-length,
/// content-encoding, accept-encoding, expect, cache-control and x-refrain-*.
/// headers: names in lower case.
chat::Headers travelling(const chat::Headers& headers);

}  // namespace refrain::wire
