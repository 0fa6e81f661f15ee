#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/web_socket.h"

/// An HTTP/1.1 server. The thread that reads a request calls the handler; a reply given inside that
/// call is written by the same thread before it returns. docs/design/net.md tells how.
namespace refrain::net {

/// Names are in lower case on requests, and as given on replies.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The value of the first header of that name (given in lower case, found in any case), or null.
const std::string* find(const Headers& headers, std::string_view lower_case_name) noexcept;

/// What a Sink says after each piece.
enum class Take : std::uint8_t {
  more,  // the next piece may come
  wait,  // it has enough; nothing is read from the peer until wake()
  stop   // the rest is not wanted: the request is handed out now, and the connection ends with it
};

/// Takes the body of one request as it arrives, so that it is never in memory as a whole.
/// Threads: one call at a time, from whichever thread serves the connection. It must not block.
class Sink {
 public:
  virtual ~Sink() = default;
  /// bytes: not empty; what is behind those of the call before.
  virtual Take put(std::string bytes) = 0;
};

struct Request {
  std::string method;        // as sent: "GET"
  std::string path;          // percent-decoded, no query: "/v1/models"; starts with '/' or is "*"
  std::string target;        // as sent: "/v1/models?after=%20x" or "http://host/v1/models"
  std::string query;         // raw, without '?': "after=%20x"
  Headers headers;           // in the order they came; equal names stay apart
  std::string body;          // whole, chunks joined; at most Options::body_max bytes
  std::shared_ptr<Sink> sink{};  // took the body instead, where Handler::receive gave one
  bool whole = true;         // false: the sink stopped before the end of the body
  bool loopback = false;     // the peer's address is 127.0.0.0/8 or ::1
  std::string peer;          // the peer's address, without port
  std::size_t listener = 0;  // index in Options::listeners
  base::Instant received{};  // when the head had arrived

  const std::string* header(std::string_view lower_case_name) const noexcept {
    return find(headers, lower_case_name);
  }
};

/// A whole reply. The server adds date, content-length and connection; these three, and
/// transfer-encoding, are dropped from `headers` if given there. Header values must not hold CR or
/// LF; such a header is dropped and counted.
struct Response {
  int status = 200;  // 200..599
  Headers headers;
  std::string body;  // not sent in answer to HEAD, nor with 204 and 304
};

enum class More : std::uint8_t {
  yes,    // ask again once these bytes were written
  wait,   // ask again after wake()
  end,    // the body ends after these bytes
  broken  // the body cannot be finished: after these bytes the peer must see a cut, not an end
};

struct Piece {
  std::string bytes;  // may be empty, with any More
  More more = More::end;
};

/// The body of a streamed reply. It is pulled: next() is called when the piece before was written,
/// so that a slow reader never makes anyone hold more than one piece (pieces are joined up to about
/// 64 KiB; a single larger one is written as it is).
/// Threads: next() is never called twice at once, but from whichever thread serves the connection.
/// It must not block. It is destroyed soon after its end, or once the client left.
class Source {
 public:
  virtual ~Source() = default;
  virtual Piece next() = 0;
  /// Bytes that there will be, if that is known: then they are sent with a content-length, and as
  /// many must come.
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }
};

/// One request and its reply. The first of reply() and stream() counts, later ones are ignored. An
/// exchange that is destroyed without either is answered with 500.
/// Threads: any, for all but request(), which belongs to whoever was given the exchange.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual Request& request() = 0;
  /// Sends a whole reply.
  virtual void reply(Response response) = 0;
  /// Sends a reply whose body comes from `source`: chunked, or up to the close of the connection
  /// for HTTP/1.0. For HEAD the source is not asked.
  virtual void stream(int status, Headers headers, std::unique_ptr<Source> source) = 0;
  /// The source has something now. Cheap; any thread, any time: before stream(), inside next(), and
  /// after the end as well. No wake is lost.
  virtual void wake() = 0;
  /// Runs `work` once when the client has left or the reply is finished, on the network thread or,
  /// if that is already so, at once. Must not block. Several may be given.
  virtual void on_close(std::function<void()> work) = 0;
};

/// How a body is to be received.
struct Reception {
  std::shared_ptr<Sink> sink{};  // null: into Request::body, at most Options::body_max bytes
  std::uint64_t body_max = 0;    // with a sink: over it 413, before a byte comes if that is known
};

/// Gets every request that is well formed and within the limits.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Asked when the head of a request has arrived that announces a body. `wake` ends a Take::wait
  /// of the sink; it may be called from any thread, at any time. Must not block. A sink is
  /// destroyed without handle() if the client leaves before the end.
  virtual Reception receive(const Request& head, std::function<void()> wake) {
    (void)head, (void)wake;
    return {};
  }
  /// Runs on a network thread: must not block. Two requests may be handled at once, though never
  /// two of one connection. May keep the exchange and answer later.
  virtual void handle(std::shared_ptr<Exchange> exchange) = 0;
  /// Asked when a request wants to become a WebSocket: who serves it; null means nobody, and the
  /// request is handled as any other. Must not block.
  virtual std::unique_ptr<Correspondent> correspond(const Request& head) {
    (void)head;
    return nullptr;
  }
};

struct Tls {
  std::string cert_file;  // PEM, with the chain
  std::string key_file;   // PEM
};

class Talks;  // talk.h

/// Bounds of a listener with Talks. 0 as a time-out: none.
struct LineLimits {
  std::size_t connections_max = 10'000;                // over it: closed at once
  std::chrono::milliseconds idle_timeout{0};          // between messages: closed
  std::chrono::milliseconds message_timeout{30'000};  // without a byte of a begun one: closed
  std::chrono::milliseconds write_timeout{30'000};    // without a byte taken by the peer: closed
};

struct Listener {
  std::string address = "127.0.0.1";  // numeric, v4 or v6
  std::uint16_t port = 0;             // 0 = any free one
  std::string doors;                  // of no concern to net: what the API offers here
  std::optional<Tls> tls{};
  Talks* talks = nullptr;             // null: HTTP; else it must outlive the server, without TLS
  LineLimits limits{};                // with talks
};

/// Renders an error that net found itself, in the dialect of the door. Any thread; must not block.
///   status  400, 408, 413, 417, 431, 500, 501, 503 or 505
///   path    decoded, or empty where the request line was not understood
using ErrorBody =
    std::function<Response(int status, std::string_view reason, const std::string& path)>;

struct Options {
  std::vector<Listener> listeners;
  std::size_t threads = 0;  // 0 = loops_for(number of cores)
  std::size_t body_max = std::size_t{32} << 20;    // over it: 413
  std::size_t header_max = std::size_t{64} << 10;  // over it: 431
  std::size_t requests_max = 10'000;      // open ones, streams included; over it: 503
  std::size_t connections_max = 20'000;   // over it: closed at once
  std::chrono::milliseconds header_timeout{10'000};  // first byte of a head to its last: 408
  std::chrono::milliseconds idle_timeout{75'000};    // between requests: closed
  std::chrono::milliseconds body_timeout{30'000};    // without a byte of the body: 408
  std::chrono::milliseconds write_timeout{30'000};   // without a byte taken by the peer: closed
  WebLimits web;
  ErrorBody error_body;  // none: {"error":{"message":reason,"type":...,"code":status}}

  /// Errors: invalid, with the field and its value.
  base::Result<> check() const;
};

/// How many loops serve the network of a machine with so many cores, unless told otherwise: one
/// less, and one at least. More would take turns with the embedder, the store and clients of this
/// machine, in slices of milliseconds (docs/decisions/0008-one-core-for-the-others.md).
std::size_t loops_for(std::size_t cores) noexcept;

struct Stats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over connections_max
  std::uint64_t accept_errors = 0;        // such as too many open files
  std::uint64_t requests = 0;             // handed to the handler
  std::uint64_t answered_at_once = 0;     // inside handle(), so written by the thread that read
  std::uint64_t requests_open = 0;
  std::uint64_t refused_bad = 0;          // 400, 417, 501, 505
  std::uint64_t refused_header = 0;       // 431
  std::uint64_t refused_body = 0;         // 413
  std::uint64_t refused_busy = 0;         // 503
  std::uint64_t timeouts_header = 0;
  std::uint64_t timeouts_idle = 0;
  std::uint64_t timeouts_body = 0;
  std::uint64_t timeouts_write = 0;
  std::uint64_t clients_left = 0;         // before their reply was finished
  std::uint64_t headers_dropped = 0;      // of replies: CR or LF in them
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  // Of listeners with Talks; they are in the counts of connections too.
  std::uint64_t lines_open = 0;
  std::uint64_t line_timeouts = 0;
  std::uint64_t line_bytes_in = 0;
  std::uint64_t line_bytes_out = 0;
  // WebSockets; they are in the counts of connections too.
  std::uint64_t web_open = 0;
  std::uint64_t web_messages_in = 0;
  std::uint64_t web_messages_out = 0;
};

/// Listens, and serves until stop(). Threads: any function, any thread, but no function from inside
/// a handler, source or on_close.
class Server {
 public:
  /// Listens on all of Options::listeners and starts to serve; `handler` must outlive the server.
  /// Errors: invalid (options, certificate), conflict ("listen 127.0.0.1:8780: address already in
  /// use"), io (any other reason not to listen).
  static base::Result<std::unique_ptr<Server>> open(Options options, Handler& handler);
  /// stop(0).
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port of each listener, in their order.
  std::vector<std::uint16_t> ports() const;
  /// Stops to listen, closes idle connections, lets running requests finish until `drain` has
  /// passed (their replies say "connection: close"), cuts the rest, joins. Idempotent. When it
  /// returns, the handler is not called any more and every on_close has run; exchanges that are
  /// still held stay valid and do nothing.
  void stop(std::chrono::milliseconds drain);
  Stats stats() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace refrain::net
