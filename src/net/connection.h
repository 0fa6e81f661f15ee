#pragma once

#include <cstddef>

#include "base/clock.h"

namespace refrain::net {

/// What a loop knows of a connection of any protocol. Threads: the loop's.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start(std::size_t slot) = 0;
  virtual void move_to(std::size_t slot) noexcept = 0;
  /// Ends the connection if it has waited too long.
  virtual void sweep(base::Instant now) = 0;
  /// Ends the connection if it is idle, or lets what it does be the last.
  virtual void drain() = 0;
  virtual void cut() = 0;
};

}  // namespace refrain::net
