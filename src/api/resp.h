#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metric.h"
#include "key/tenant.h"
#include "net/talk.h"
#include "values/values.h"

namespace refrain::api {

struct RespStats {
  std::uint64_t commands = 0, errors = 0, refused_auth = 0, protocol_errors = 0;
  std::uint64_t streamed_in = 0, streamed_out = 0;  // large values
  std::uint64_t cut = 0;  // replies that could not be finished: a value was damaged on its way out
};

/// The RESP door: Redis's protocol over values. docs/protocol/resp.md says what it understands.
class RespDoor final : public net::Talks {
 public:
  struct Options {
    bool flush = false;                          // FLUSHDB of one's own namespace
    std::size_t output_max = std::size_t{8} << 20;  // owed to one client; then its commands wait
    std::size_t command_max = std::size_t{16} << 20;  // arguments of one command that are kept
    std::uint64_t keys_max = 100'000;            // of a namespace that KEYS walks
    std::string version;
  };
  /// All of these must outlive the server that uses the door.
  RespDoor(Options options, values::Values& values, const key::Tenants& tenants,
           base::Clock& clock);
  ~RespDoor() override;
  std::unique_ptr<net::Talk> open(const net::Peer& peer,
                                  std::shared_ptr<net::Waker> waker) override;
  RespStats stats() const;

  struct Shared;

 private:
  std::unique_ptr<Shared> shared_;
};

}  // namespace refrain::api
