#pragma once

#include <atomic>
#include <boost/asio/ssl/stream.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "net/connection.h"
#include "net/line.h"
#include "net/loop.h"
#include "net/web_socket.h"

namespace refrain::net {

/// The sockets of a connection that asked to become a WebSocket, and what keeps them alive.
struct WebSockets {
  std::shared_ptr<void> owner;
  Socket& socket;
  asio::ssl::stream<Socket&>* tls = nullptr;  // null: plain
};

/// Why the server ends a WebSocket (RFC 6455, 7.4.1).
enum class WebClose : std::uint16_t { going_away = 1001, unsupported = 1003 };

/// The protocol below a WebSocket: frames, masks, pings, fragments, UTF-8, close codes.
/// Threads: the loop's. One read, one write and one close may be under way at once.
class WebProtocol {
 public:
  using Done = std::function<void(const boost::system::error_code&)>;
  virtual ~WebProtocol() = default;
  /// Answers the request with 101, or with an error of its own.
  virtual void accept(Done done) = 0;
  /// Reads one message; see message().
  virtual void read(Done done) = 0;
  /// Takes the message that was read.
  virtual std::string message() = 0;
  virtual bool is_text() const = 0;
  virtual void write(const std::string& text, Done done) = 0;
  virtual void close(WebClose why, Done done) = 0;
};
std::unique_ptr<WebProtocol> open_protocol(const WebSockets& sockets, const Request& head,
                                           const WebLimits& limits);

/// Whether a request asks to become a WebSocket.
bool wants_web_socket(const Request& head);

/// One WebSocket on its loop's thread; kept alive by the loop until it is closed, and by what is
/// under way.
class WebSession final : public Connection,
                         public Party,
                         public std::enable_shared_from_this<WebSession> {
 public:
  WebSession(Loop& loop, WebSockets sockets, const Request& head,
             std::unique_ptr<Correspondent> correspondent);
  ~WebSession() override;

  void start(std::size_t slot) override;
  void move_to(std::size_t slot) noexcept override { slot_ = slot; }
  void sweep(base::Instant now) override;
  void drain() override;
  void cut() override { close_now(); }
  void arrived() override;

 private:
  using Error = boost::system::error_code;
  struct Outbox;
  class Post;

  void read();
  void on_read(const Error& error);
  void write();
  void on_written(const Error& error);
  void close(WebClose why);
  void close_if_done();
  void close_now();
  const WebLimits& limits() const { return loop_.shared().options.web; }

  Loop& loop_;
  WebSockets sockets_;
  std::unique_ptr<WebProtocol> protocol_;
  std::unique_ptr<Correspondent> correspondent_;
  std::shared_ptr<Bell> bell_;
  std::shared_ptr<Outbox> outbox_;
  std::size_t slot_ = 0;
  std::deque<std::string> replies_;  // the first is being written
  std::size_t replies_bytes_ = 0, letters_open_ = 0;
  base::Instant write_deadline_{};
  bool reading_ = false, writing_ = false, open_ = false;
  bool draining_ = false, closing_ = false, closed_ = false;
};

}  // namespace refrain::net
