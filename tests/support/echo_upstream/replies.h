#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace refrain::echo {

struct Settings {
  std::chrono::milliseconds delay{0};     // before the first byte
  std::chrono::milliseconds interval{0};  // between the events of a stream
  std::size_t events = 1;                 // pieces of an answer: "gen-<n>", " w1", " w2", ...
  std::size_t answer_bytes = 0;           // pads the pieces so that an answer has so many; 0: no
};

/// What a connection does when a reply is over.
enum class After : std::uint8_t { keep, close, stall };

struct Step {
  std::string bytes;
  std::chrono::milliseconds wait{0};  // before these bytes
  bool last = false;
  After after = After::keep;  // counts in the last step
};

/// One reply, made step by step: ten thousand slow ones hold no more than their place in it.
using Reply = std::move_only_function<Step()>;

struct Request {
  std::string method, target, body;
};

/// The reply to a POST that is the n-th of this server. Behaviours are asked for by marks in the
/// body: see kHelp in main.cc.
Reply reply_to(const Request& request, const Settings& settings, std::uint64_t n);

/// A whole reply with Content-Length. headers: lines that each end in CRLF.
std::string whole(int status, const std::string& body, const std::string& headers = {});

}  // namespace refrain::echo
