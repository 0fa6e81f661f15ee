// Not std::ifstream: libstdc++ throws where a folder is read through its iterators, and no stream
// says why it failed.
#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace refrain::base {
namespace {

std::unexpected<Error> failed(const std::string& path) {
  return fail(Code::io, fmt::format("{}: {}", path, std::generic_category().message(errno)));
}

Result<std::string> read_all(int file, const std::string& path, std::uint64_t bytes_max) {
  std::string out;
  std::array<char, 65536> part{};
  for (;;) {
    ssize_t got = ::read(file, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path);
    if (got == 0) return out;
    out.append(part.data(), static_cast<std::size_t>(got));
    if (out.size() > bytes_max) {
      return fail(Code::too_large, fmt::format("{}: more than {} bytes", path, bytes_max));
    }
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed(path);
  Result<std::string> out = read_all(file, path, bytes_max);
  ::close(file);
  return out;
}

}  // namespace refrain::base
