// The gates over two arbitrary texts, cut at the first zero byte: no crash, the same verdict both
// ways, and a text never refuses itself with other spaces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/gates.h"

namespace {

constexpr std::size_t kBytesMax = 4096;

bool refused(std::string_view a, std::string_view b) {
  return std::ranges::any_of(refrain::policy::compare_texts(a, b),
                             &refrain::policy::Reason::refused);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), std::min(size, kBytesMax));
  const std::size_t cut = std::min(all.find('\0'), all.size());
  const std::string_view a = all.substr(0, cut);
  const std::string_view b = all.substr(std::min(cut + 1, all.size()));
  if (refused(a, b) != refused(b, a) || refused(a, " " + std::string(a) + "\n")) {
    std::abort();
  }
  return 0;
}
