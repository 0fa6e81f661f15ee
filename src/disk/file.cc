#include "disk/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace refrain::disk {
namespace {

using base::Code;
using base::Result;

// A full disk is no fault of the file: the same act may succeed later.
Code code_of(int error) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return Code::unavailable;
  return error == ENOENT ? Code::not_found : Code::io;
}

std::unexpected<base::Error> failed(std::string_view act, const std::string& path, int error) {
  return base::fail(code_of(error), fmt::format("cannot {} '{}': {}", act, path,
                                                std::generic_category().message(error)));
}

}  // namespace

Result<File> File::open(const std::string& path) {
  const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return failed("open", path, errno);
  return File(handle, path);
}

Result<File> File::create(const std::string& path) {
  const int handle =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (handle < 0) return failed("make", path, errno);
  return File(handle, path);
}

File::File(File&& other) noexcept
    : handle_(std::exchange(other.handle_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (handle_ >= 0) ::close(handle_);
}

Result<std::uint64_t> File::size() const {
  struct stat facts = {};
  if (::fstat(handle_, &facts) != 0) return failed("measure", path_, errno);
  return static_cast<std::uint64_t>(facts.st_size);
}

Result<> File::read_at(std::uint64_t offset, std::span<char> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count =
        ::pread(handle_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", path_, errno);
    if (count == 0) {
      return base::fail(Code::corrupt, fmt::format("'{}' ends at byte {}, {} were expected", path_,
                                                   offset + done, offset + out.size()));
    }
    done += static_cast<std::size_t>(count);
  }
  return {};
}

Result<> File::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(handle_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> File::sync() {
  if (::fdatasync(handle_) != 0) return failed("sync", path_, errno);
  return {};
}

Result<> rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("give a name to", to, errno);
  return {};
}

Result<> sync_folder(const std::string& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return failed("open", folder, errno);
  const int error = ::fsync(handle) == 0 ? 0 : errno;
  ::close(handle);
  if (error != 0) return failed("sync", folder, error);
  return {};
}

Result<bool> remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return failed("remove", path, errno);
}

Result<> make_folders(const std::string& path) {
  std::error_code problem;
  const bool made = std::filesystem::create_directories(path, problem);
  if (problem) return failed("make", path, problem.value());
  if (made) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, problem);
  }
  return {};
}

}  // namespace refrain::disk
