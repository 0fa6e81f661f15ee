#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/flight.h"
#include "fetch/client.h"
#include "upstream/question.h"
#include "wire/openai.h"
#include "wire/sse.h"

namespace refrain::upstream {

/// Turns the bytes of one reply into the events and the end of a flight. Threads: one at a time.
class Reading {
 public:
  struct Limits {
    std::size_t reply_bytes_max, refusal_bytes_max;
  };
  /// where  begins the sentences of errors: "upstream http://127.0.0.1:9".
  Reading(Shape shape, Limits limits, std::string where);

  void head(int status, fetch::Headers headers);
  /// Events go to the flight as they come. False: the rest is not wanted.
  bool data(std::string_view bytes, chat::Flight& flight);
  /// How the flight ends, once no more bytes come.
  chat::End end(base::Result<> result, chat::Flight& flight);

  /// The terminal mark has come: the flight may end before the connection does.
  bool done() const noexcept { return done_; }
  /// Nothing of an answer has come, and a second try may do better: no connection, closed without a
  /// reply, or 502, 503 and 504 (but not with Retry-After: that is an order to wait).
  bool retryable(const base::Result<>& result) const;

 private:
  enum class Body : std::uint8_t { whole, stream, refusal };

  bool stream(std::string_view bytes, chat::Flight& flight);
  bool take(const wire::SseEvent& event, chat::Flight& flight);
  bool append(std::shared_ptr<const chat::Event> event, chat::Flight& flight);
  void begin(chat::Delivery delivery, chat::Flight& flight);
  bool fail(base::Code code, std::string_view cause);
  chat::End refused();
  chat::End whole(chat::Flight& flight);
  chat::End embeddings(chat::Flight& flight);
  chat::End stream_end(chat::Flight& flight);

  const Shape shape_;
  const Limits limits_;
  const std::string where_;
  int status_ = 0;
  fetch::Headers headers_;
  Body kind_ = Body::whole;
  std::string body_;
  wire::SseParser parser_;
  wire::openai::ChunkReader chunks_;
  bool begun_ = false, done_ = false;
  std::optional<chat::End> failed_;  // why we stopped reading
};

}  // namespace refrain::upstream
