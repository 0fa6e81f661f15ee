#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/call.h"
#include "base/result.h"

namespace refrain::fetch {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name, without regard to case; "" if there is none.
std::string_view header(const Headers& headers, std::string_view name) noexcept;

/// One HTTP request. Content-Length, Transfer-Encoding, Connection, Host and Expect are the
/// client's own business and are left out of `headers`. A timeout of 0 is no limit, but for
/// connect_timeout, which must be positive.
struct Request {
  std::string method = "GET";
  std::string url{};  // http or https, absolute
  Headers headers{};  // names and values without line ends
  std::string body{};
  std::chrono::milliseconds connect_timeout{5'000};      // name look-up, TCP and TLS together
  std::chrono::milliseconds first_byte_timeout{60'000};  // from start() to the body's first byte
  std::chrono::milliseconds idle_timeout{60'000};        // from then on: no byte for so long
  std::chrono::milliseconds total_timeout{0};            // from start() to finished()
  std::size_t body_max = std::size_t{64} << 20;      // of the reply, in bytes
};

struct Response {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body{};
};

/// Hears one reply as it arrives. Every function runs on a thread of the client, must not block,
/// and must not call Client::stop or Client::fetch_whole; Client::start is welcome.
class Sink {
 public:
  virtual ~Sink() = default;
  /// At most once, before data: the final status and the headers, names in lower case.
  virtual void head(int status, Headers headers) = 0;
  /// Bytes of the body as they came, never empty. False: enough; the transfer ends as cancelled.
  virtual bool data(std::string_view bytes) = 0;
  /// Exactly once, last. Errors: unavailable (no connection: refused, unknown name, TLS, too slow),
  /// deadline (first byte, idle or total), cancelled (stop token, data() false, stop()), io (reset
  /// or closed before the reply was whole, no HTTP), too_large (over body_max, head over 256 KiB).
  virtual void finished(base::Result<> result) = 0;
};

struct Options {
  std::size_t threads = 1;              // 1 or 2; each carries its own transfers and connections
  std::size_t transfers_max = 16'384;   // open at once, all threads together
  std::size_t buffer_bytes = 8'192;     // receive buffer of one transfer, 1 KiB to 512 KiB
  std::string ca_file{};                // PEM; "": the system's bundle
  bool insecure = false;                // true: certificates are not verified
  bool proxy_from_environment = false;  // true: http_proxy, https_proxy, no_proxy count
  base::Result<> check() const;
};

struct Stats {
  std::uint64_t started = 0, answered = 0;  // answered: a whole reply, of any status
  std::uint64_t unavailable = 0, deadline = 0, cancelled = 0, cut = 0, too_large = 0;
  std::uint64_t refused = 0;                  // busy: transfers_max were open
  std::uint64_t connections = 0;              // made; the other transfers reused one
  std::uint64_t bytes_in = 0, bytes_out = 0;  // bodies
  std::int64_t open = 0;                      // transfers right now
};

class Loop;

/// An HTTP/1.1 client (HTTP/2 where TLS agrees on it) whose few threads carry thousands of streams.
/// Connections are kept and reused. Redirects are not followed, bodies are not decompressed,
/// nothing is retried but a request that met a kept connection which had just been closed.
/// Error sentences begin with the address: "http://127.0.0.1:9: connection refused".
/// Threads: any.
class Client {
 public:
  /// Errors: invalid (options), unavailable (no file descriptors left).
  static base::Result<std::unique_ptr<Client>> open(const Options& options);
  ~Client();  // stop() without draining
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins a transfer and returns at once. On an error the sink hears nothing.
  /// Errors: invalid (URL, header with a line end), busy (transfers_max), cancelled (stopped).
  base::Result<> start(Request request, std::shared_ptr<Sink> sink, std::stop_token stop = {});
  /// The whole reply, blocking; call.deadline and call.stop end it early. Errors: as start and
  /// Sink::finished. A reply of status 500 is a reply, not an error.
  base::Result<Response> fetch_whole(const base::Call& call, Request request);
  /// Refuses new transfers, lets open ones end for at most `drain`, cancels the rest, joins.
  /// Idempotent.
  void stop(std::chrono::milliseconds drain = std::chrono::milliseconds(0));
  Stats stats() const;

 private:
  struct Shared;
  explicit Client(const Options& options);

  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace refrain::fetch
