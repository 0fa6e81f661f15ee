#include "store/readers.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace refrain::store {
namespace {

constexpr std::chrono::seconds kWaitMax{1};

}  // namespace

Readers::Loan::~Loan() {
  if (connection_) home_->give_back(std::move(connection_));
}

base::Result<Readers::Loan> Readers::borrow(const base::Call& call) {
  std::unique_lock guard(lock_);
  if (free_.empty() && count_ >= count_max_) {
    base::Instant limit = std::min(call.deadline, std::chrono::steady_clock::now() + kWaitMax);
    bool came = returned_.wait_until(guard, limit, [this] { return !free_.empty(); });
    if (!came) {
      return base::fail(base::Code::busy,
                        fmt::format("all {} readers of the store are in use", count_max_));
    }
  }
  if (!free_.empty()) {
    std::unique_ptr<disk::sqlite::Connection> connection = std::move(free_.back());
    free_.pop_back();
    return Loan(*this, std::move(connection));
  }
  ++count_;
  guard.unlock();
  base::Result<std::unique_ptr<disk::sqlite::Connection>> made =
      disk::sqlite::Connection::open(path_, disk::sqlite::Access::read);
  if (!made) {
    guard.lock();
    --count_;
    return std::unexpected(std::move(made).error());
  }
  return Loan(*this, std::move(*made));
}

void Readers::give_back(std::unique_ptr<disk::sqlite::Connection> connection) {
  {
    std::lock_guard guard(lock_);
    free_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

}  // namespace refrain::store
