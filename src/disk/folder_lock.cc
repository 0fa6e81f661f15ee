#include "disk/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace refrain::disk {
namespace {

std::unexpected<base::Error> unusable(const std::string& folder, const std::string& why) {
  return base::fail(base::Code::io,
                    fmt::format("data folder '{}' cannot be written: {}", folder, why));
}

std::string holder(int file) {
  char text[32] = {};
  ssize_t size = ::pread(file, text, sizeof text - 1, 0);
  std::string number;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) number += text[i];
  return number.empty() ? "unknown" : number;
}

}  // namespace

base::Result<std::unique_ptr<FolderLock>> FolderLock::take(const std::string& folder) {
  std::error_code problem;
  bool made = std::filesystem::create_directories(folder, problem);
  if (problem) return unusable(folder, problem.message());
  if (made) {  // answers are private
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  }
  std::string path = folder + "/lock";
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return unusable(folder, std::strerror(errno));
  std::unique_ptr<FolderLock> lock(new FolderLock(file));  // NOLINT: private constructor
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return unusable(folder, std::strerror(errno));
    return base::fail(base::Code::conflict, fmt::format("data folder '{}' is in use by process {}",
                                                        folder, holder(file)));
  }
  std::string number = std::to_string(::getpid()) + "\n";
  // The number only helps the other process's sentence: a full disk must not refuse the start.
  if (::ftruncate(file, 0) == 0) {
    [[maybe_unused]] ssize_t written = ::pwrite(file, number.data(), number.size(), 0);
  }
  return lock;
}

FolderLock::~FolderLock() { ::close(file_); }

}  // namespace refrain::disk
