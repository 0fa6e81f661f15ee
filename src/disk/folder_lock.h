#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace refrain::disk {

/// A data folder that this process alone writes, until the lock is destroyed or the process ends in
/// any way.
class FolderLock {
 public:
  /// Makes the folder (mode 0700) if it is absent, and the file `lock` in it.
  /// Errors: conflict ("data folder X is in use by process N"), io (cannot be made or written).
  static base::Result<std::unique_ptr<FolderLock>> take(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace refrain::disk
