#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/answer.h"
#include "chat/flight.h"
#include "net/server.h"
#include "serve/ask.h"

namespace refrain::api {

/// How one door speaks: turns answers, events and errors into its own bytes. One voice serves one
/// reply. Threads: one at a time.
class Voice {
 public:
  virtual ~Voice() = default;
  /// A whole reply body.
  virtual std::string whole(const chat::Answer& answer, const chat::Head& head,
                            serve::Outcome outcome) = 0;
  /// Before the first event of a stream.
  virtual void begin(const chat::Head& head) = 0;
  virtual void event(const chat::Event& event, std::string& out) = 0;
  virtual void end(std::string& out) = 0;
  /// A stream that began cannot be finished. upstream: the model's own error event, or "".
  virtual void broken(const base::Error& error, std::string_view upstream, std::string& out) = 0;
  /// An error of ours instead of a reply.
  virtual std::string error(const base::Error& error, int status) = 0;
};

/// The OpenAI doors. origin: openai_chat or openai_completion.
std::unique_ptr<Voice> openai_voice(chat::Origin origin, bool shows_usage);

}  // namespace refrain::api
