#include "index/snapshot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/hash.h"

namespace refrain::index {
namespace {

constexpr std::size_t kBlockBytes = 1U << 20U;
constexpr std::size_t kSumBytes = sizeof(std::uint64_t);

std::filesystem::path partial(const std::filesystem::path& path) {
  return path.string() + ".partial";
}

std::unexpected<base::Error> io_error(std::string_view act, const std::filesystem::path& path,
                                      int error) {
  return base::fail(error == ENOENT ? base::Code::not_found : base::Code::io,
                    fmt::format("snapshot {} '{}': {}", act, path.string(),
                                std::generic_category().message(error)));
}

/// So that the rename itself survives a power cut.
int sync_folder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) {
    return errno;
  }
  const int error = ::fsync(handle) == 0 ? 0 : errno;
  ::close(handle);
  return error;
}

}  // namespace

std::uint64_t checksum(std::string_view bytes) noexcept {
  std::uint64_t sum = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kBlockBytes))) {
    sum = base::hash64(bytes.substr(0, kBlockBytes), sum);
  }
  return sum;
}

base::Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::create(
    const std::filesystem::path& path) {
  const int file =
      ::open(partial(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return base::fail(base::Code::io,
                      fmt::format("snapshot create '{}': {}", partial(path).string(),
                                  std::generic_category().message(errno)));
  }
  return std::unique_ptr<SnapshotWriter>(new SnapshotWriter(path, file));
}

SnapshotWriter::~SnapshotWriter() {
  if (file_ >= 0) {
    ::close(file_);
    ::unlink(partial(path_).c_str());
  }
}

void SnapshotWriter::raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kBlockBytes - block_.size());
    block_ += bytes.substr(0, part);
    bytes.remove_prefix(part);
    if (block_.size() == kBlockBytes) {
      sum_ = base::hash64(block_, sum_);
      flush();
    }
  }
}

void SnapshotWriter::flush() {
  std::string_view rest = block_;
  while (!rest.empty() && error_ == 0) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  block_.clear();
}

base::Result<> SnapshotWriter::finish() {
  if (!block_.empty()) {
    sum_ = base::hash64(block_, sum_);
  }
  const std::uint64_t sum = sum_;
  block_.append(reinterpret_cast<const char*>(&sum), kSumBytes);
  flush();
  if (error_ == 0 && ::fsync(file_) != 0) {
    error_ = errno;
  }
  if (error_ == 0 && ::rename(partial(path_).c_str(), path_.c_str()) != 0) {
    error_ = errno;
  }
  if (error_ != 0) {
    return io_error("write", path_, error_);
  }
  ::close(file_);
  file_ = -1;
  if (const int error = sync_folder(path_); error != 0) {
    return io_error("sync", path_, error);
  }
  return {};
}

base::Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return io_error("open", path, errno);
  }
  struct stat status {};
  if (::fstat(file, &status) != 0) {
    const int error = errno;
    ::close(file);
    return io_error("stat", path, error);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) {
    ::close(file);
    return std::unique_ptr<MappedFile>(new MappedFile({}));
  }
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  const int error = errno;
  ::close(file);
  if (memory == MAP_FAILED) {
    return io_error("map", path, error);
  }
  return std::unique_ptr<MappedFile>(new MappedFile({static_cast<const char*>(memory), size}));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }
}

base::Result<std::string_view> checked_body(std::string_view file) {
  if (file.size() < kSumBytes) {
    return base::fail(base::Code::corrupt, fmt::format("snapshot of {} bytes", file.size()));
  }
  const std::string_view body = file.substr(0, file.size() - kSumBytes);
  std::uint64_t stored = 0;
  std::memcpy(&stored, file.data() + body.size(), kSumBytes);
  if (const std::uint64_t sum = checksum(body); sum != stored) {
    return base::fail(base::Code::corrupt,
                      fmt::format("snapshot has checksum {}, its bytes {}", base::hex(stored),
                                  base::hex(sum)));
  }
  return body;
}

}  // namespace refrain::index
