#include "values/mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace refrain::values {
namespace {

// Linux 5.14; older kernels refuse them, and the pages come one by one.
constexpr int kPopulateRead = 22;
constexpr int kPopulateWrite = 23;
constexpr std::size_t kPage = 4096;

struct Pages {
  char* start;
  std::size_t bytes;
};

Pages pages(char* data, std::size_t offset, std::size_t bytes) {
  const std::size_t first = offset / kPage * kPage;
  return {data + first, offset + bytes - first};
}

}  // namespace

base::Result<std::shared_ptr<Mapping>> Mapping::make(int fd, std::size_t bytes,
                                                     base::Gauge& gauge) {
  const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (start == MAP_FAILED) {
    return base::fail(base::Code::io,
                      fmt::format("{} bytes cannot be mapped: {}", bytes, std::strerror(errno)));
  }
  if (fd < 0) ::madvise(start, bytes, MADV_HUGEPAGE);
  gauge.add(static_cast<std::int64_t>(bytes));
  return std::shared_ptr<Mapping>(new Mapping(static_cast<char*>(start), bytes, gauge));
}

Mapping::~Mapping() {
  ::munmap(data_, bytes_);
  gauge_.add(-static_cast<std::int64_t>(bytes_));
}

void Mapping::prepare_writes(std::size_t offset, std::size_t bytes) const noexcept {
  const Pages part = pages(data_, offset, bytes);
  ::madvise(part.start, part.bytes, kPopulateWrite);
}

base::Result<> Mapping::load(std::size_t offset, std::size_t bytes) const {
  const Pages part = pages(data_, offset, bytes);
  if (::madvise(part.start, part.bytes, kPopulateRead) == 0 || errno == EINVAL) return {};
  return base::fail(base::Code::io, fmt::format("mapped pages cannot be read: {}",
                                                std::strerror(errno)));
}

bool Mapping::resident(std::size_t offset, std::size_t bytes) const noexcept {
  std::array<unsigned char, 1024> states;
  const Pages part = pages(data_, offset, bytes);
  for (std::size_t at = 0; at < part.bytes; at += states.size() * kPage) {
    const std::size_t size = std::min(part.bytes - at, states.size() * kPage);
    if (::mincore(part.start + at, size, states.data()) != 0) return false;
    const std::size_t count = (size + kPage - 1) / kPage;
    const auto end = states.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::any_of(states.begin(), end, [](unsigned char s) { return (s & 1) == 0; })) {
      return false;
    }
  }
  return true;
}

base::Result<> read_exactly(int fd, char* to, std::size_t bytes, std::uint64_t offset) {
  while (bytes > 0) {
    const ssize_t count = ::pread(fd, to, bytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::fail(base::Code::io, fmt::format("read: {}", std::strerror(errno)));
    if (count == 0) {
      return base::fail(base::Code::corrupt, fmt::format("the file ends at byte {}", offset));
    }
    to += count;
    bytes -= static_cast<std::size_t>(count);
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

base::Result<> write_exactly(int fd, const char* from, std::size_t bytes, std::uint64_t offset) {
  while (bytes > 0) {
    const ssize_t count = ::pwrite(fd, from, bytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return base::fail(base::Code::io, fmt::format("write: {}", std::strerror(errno)));
    }
    from += count;
    bytes -= static_cast<std::size_t>(count);
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace refrain::values
