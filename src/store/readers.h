#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/call.h"
#include "disk/sqlite.h"

namespace refrain::store {

/// Connections for reading, opened as needed and used again, so that a find costs no opening.
/// Threads: any.
class Readers {
 public:
  /// A connection on loan; goes back when destroyed. Must not outlive the Readers.
  class Loan {
   public:
    Loan(Readers& home, std::unique_ptr<disk::sqlite::Connection> connection)
        : home_(&home), connection_(std::move(connection)) {}
    Loan(Loan&& other) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    disk::sqlite::Connection& operator*() const noexcept { return *connection_; }

   private:
    Readers* home_;
    std::unique_ptr<disk::sqlite::Connection> connection_;
  };

  Readers(std::string path, std::size_t count_max)
      : path_(std::move(path)), count_max_(count_max) {}

  /// Waits for a free one until the call's deadline, a second at most. Errors: busy, io.
  base::Result<Loan> borrow(const base::Call& call);

 private:
  void give_back(std::unique_ptr<disk::sqlite::Connection> connection);

  const std::string path_;
  const std::size_t count_max_;
  std::mutex lock_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<disk::sqlite::Connection>> free_;
  std::size_t count_ = 0;
};

}  // namespace refrain::store
