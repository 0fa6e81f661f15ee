#pragma once

#include <string_view>

namespace refrain::api {

/// Whether a Host header names this machine by a name that no page of another site can have:
/// localhost, 127.a.b.c or [::1], each with or without a port. "127.0.0.1.example.com" does not,
/// wherever its owner lets it resolve to (DNS rebinding).
bool names_loopback(std::string_view host) noexcept;

}  // namespace refrain::api
