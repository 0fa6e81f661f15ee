// Beast's WebSocket over the two kinds of socket: all of the protocol is its.
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <utility>

#include "net/web_session.h"

namespace refrain::net {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Upgrade = beast::http::request<beast::http::empty_body>;

Upgrade upgrade_of(const Request& head) {
  Upgrade out(beast::http::verb::get, head.target, 11);
  for (const auto& [name, value] : head.headers) out.insert(name, value);
  return out;
}

template <class Next>
class BeastProtocol final : public WebProtocol {
 public:
  BeastProtocol(Next& next, const Request& head, const WebLimits& limits)
      : upgrade_(upgrade_of(head)), stream_(next) {
    stream_.set_option(websocket::stream_base::timeout{.handshake_timeout = limits.write_timeout,
                                                       .idle_timeout = limits.idle_timeout,
                                                       .keep_alive_pings = true});
    stream_.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& response) { response.erase(beast::http::field::server); }));
    stream_.read_message_max(limits.message_max);
    stream_.auto_fragment(false);
    stream_.text(true);
  }

  void accept(Done done) override { stream_.async_accept(upgrade_, std::move(done)); }
  void read(Done done) override {
    stream_.async_read(buffer_, [done = std::move(done)](const boost::system::error_code& error,
                                                         std::size_t) { done(error); });
  }
  std::string message() override {
    std::string out(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    buffer_.consume(buffer_.size());
    buffer_.shrink_to_fit();
    return out;
  }
  bool is_text() const override { return stream_.got_text(); }
  void write(const std::string& text, Done done) override {
    stream_.async_write(asio::buffer(text),
                        [done = std::move(done)](const boost::system::error_code& error,
                                                 std::size_t) { done(error); });
  }
  void close(WebClose why, Done done) override {
    stream_.async_close(websocket::close_reason(static_cast<std::uint16_t>(why)), std::move(done));
  }

 private:
  Upgrade upgrade_;
  websocket::stream<Next&, false> stream_;  // false: no compression, which costs memory per client
  beast::flat_buffer buffer_;
};

}  // namespace

std::unique_ptr<WebProtocol> open_protocol(const WebSockets& sockets, const Request& head,
                                           const WebLimits& limits) {
  if (sockets.tls != nullptr) {
    return std::make_unique<BeastProtocol<asio::ssl::stream<Socket&>>>(*sockets.tls, head, limits);
  }
  return std::make_unique<BeastProtocol<Socket>>(sockets.socket, head, limits);
}

bool wants_web_socket(const Request& head) {
  return websocket::is_upgrade(upgrade_of(head)) && head.method == "GET";
}

}  // namespace refrain::net
