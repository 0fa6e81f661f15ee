#pragma once

namespace refrain::app {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace refrain::app
