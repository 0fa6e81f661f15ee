#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace refrain {

/// The bytes of a file under tests/golden; "" if it is absent. Tests run in the repository's root.
inline std::string golden(const std::string& name) {
  std::ifstream in("tests/golden/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace refrain
