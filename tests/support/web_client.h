#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/raw_client.h"

namespace refrain::net {

/// A WebSocket client that frames by hand, so that it can do wrong what a library would not.
class WebClient {
 public:
  enum Opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
  enum class Mask : std::uint8_t { on, off };
  struct Frame {
    std::uint8_t opcode = 0;
    bool last = true;
    std::string payload;
    /// Of a close frame; 0: none came.
    int code() const {
      if (opcode != close || payload.size() < 2) return 0;
      return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
  };

  explicit WebClient(std::uint16_t port, int receive_bytes = 0) : raw(port, receive_bytes) {}

  /// Asks for a WebSocket; the reply's head.
  RawReply open(std::string_view path = "/") {
    raw.get(path,
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    return raw.read_head();
  }
  bool send(std::string_view payload, Opcode opcode = text, bool last = true,
            Mask mask = Mask::on) {
    const std::uint8_t masked = mask == Mask::on ? 0x80 : 0;
    std::string out;
    out += static_cast<char>(opcode | (last ? 0x80 : 0));
    if (payload.size() < 126) {
      out += static_cast<char>(masked | payload.size());
    } else {
      const bool wide = payload.size() > 0xffff;
      out += static_cast<char>(masked | (wide ? 127 : 126));
      for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(payload.size() >> shift & 0xff);
      }
    }
    // A mask of noughts leaves the payload as it is.
    if (mask == Mask::on) out += std::string(4, '\0');
    out += payload;
    return raw.send(out);
  }
  /// The next frame; opcode 0 with an empty payload at the end of the connection.
  Frame read() {
    Frame frame;
    const std::string head = raw.read_exactly(2);
    if (head.size() < 2) return frame;
    frame.opcode = static_cast<std::uint8_t>(head[0] & 0x0f);
    frame.last = (head[0] & 0x80) != 0;
    std::uint64_t length = static_cast<std::uint64_t>(head[1] & 0x7f);
    if (length >= 126) {
      const std::string wide = raw.read_exactly(length == 126 ? 2 : 8);
      length = 0;
      for (char byte : wide) length = length << 8 | static_cast<unsigned char>(byte);
    }
    frame.payload = raw.read_exactly(length);
    return frame;
  }
  /// The next text message.
  std::string receive() {
    Frame frame = read();
    std::string out = frame.payload;
    while (!frame.last) out += (frame = read()).payload;
    return out;
  }

  RawClient raw;
};

}  // namespace refrain::net
