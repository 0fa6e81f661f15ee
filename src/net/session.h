#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "net/exchange.h"
#include "net/in_buffer.h"
#include "net/loop.h"
#include "net/reply_head.h"
#include "net/request_reader.h"

namespace refrain::net {

/// One connection, plain or TLS: a state machine of completion handlers. Lives on its loop's
/// thread; kept alive by the loop until it is closed, and by the operations that are under way.
class Session final : public Connection,
                      public Party,
                      public std::enable_shared_from_this<Session> {
 public:
  Session(Loop& loop, Socket socket, const Arrival& arrival);
  ~Session() override;

  void start(std::size_t slot) override;
  void move_to(std::size_t slot) noexcept override { slot_ = slot; }
  void sweep(base::Instant now) override;
  void drain() override;
  void cut() override { close_now(); }
  /// The exchange was answered or woken.
  void arrived() override;

 private:
  using Error = boost::system::error_code;
  enum class Phase : std::uint8_t {
    handshake,
    handed_over,  // to a WebSocket
    reading,    // a request, or waiting for one
    handling,   // the handler has it
    replying,   // a whole reply is being written
    streaming,  // a source is being asked, or waited for
    lingering,  // our side is closed; what the peer still sends is thrown away
    closed
  };
  enum class Wait : std::uint8_t { none, handshake, idle, head, body, write, linger };

  // Reading.
  void read();
  void on_readable(const Error& error);
  void on_read(const Error& error, std::size_t count);
  void advance();
  void await_request();
  std::uint64_t receive(Request& head);
  bool pass_body();
  bool say_continue();
  void dispatch();
  bool becomes_web_socket(const Request& request);
  void refuse(int status, std::string_view reason);
  void peer_left();
  // Writing.
  void begin(Answer answer);
  void begin_whole(Response response);
  void begin_stream(Response head, std::unique_ptr<Source> source);
  void write_head(const Response& response, Framing framing);
  void pump();
  void gather();
  void count_down();
  void end_stream();
  bool flush();
  void write_rest();
  void on_written(const Error& error, std::size_t count);
  void took(std::size_t count);
  std::array<asio::const_buffer, 3> rest() const;
  std::size_t total() const { return head_.size() + body_.size() + tail_.size(); }
  void finish();
  void free_written();
  // Ending.
  void end_exchange();
  void linger();
  void close_now();

  void wait_for(Wait wait);

  Loop& loop_;
  Socket socket_;
  std::unique_ptr<asio::ssl::stream<Socket&>> tls_;
  std::size_t slot_ = 0;
  std::size_t listener_;
  std::string peer_;
  bool loopback_;

  Phase phase_ = Phase::reading;
  Wait wait_ = Wait::none;
  base::Instant deadline_{};

  RequestReader reader_;
  InBuffer in_;
  bool read_pending_ = false;
  bool continued_ = false;  // 100 Continue was said for the request that is being read
  bool peer_ended_ = false;

  // While a body goes to a sink: brings the sink's wakes. Becomes core_ when the request is whole.
  std::shared_ptr<Core> receiving_;
  std::shared_ptr<Sink> sink_;
  bool sink_waits_ = false;

  std::shared_ptr<Core> core_;
  bool keep_alive_ = true, http10_ = false, head_only_ = false, refused_ = false;

  std::string head_, body_;  // what is being written, in this order, with
  std::string_view tail_;    // the end of a chunk
  std::size_t written_ = 0;
  bool write_pending_ = false;

  std::unique_ptr<Source> source_;
  More more_ = More::end;
  bool woken_ = false, chunked_ = false;
  std::optional<std::uint64_t> left_;  // bytes of a reply whose length was told
};

}  // namespace refrain::net
