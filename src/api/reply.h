#pragma once

#include <memory>
#include <string>

#include "api/voice.h"
#include "base/clock.h"
#include "net/server.h"
#include "serve/ask.h"

namespace refrain::api {

/// What a reply needs beside its ticket.
struct ReplyPlan {
  std::string request_id;
  bool stream = false;
  std::unique_ptr<Voice> voice;
  std::string stream_type = "text/event-stream";
  /// Called once with the outcome, when the reply's body is complete or has failed; may be null.
  std::function<void(const chat::Head&, serve::Outcome, const chat::Answer*)> done;
};

/// Cache-Status (RFC 9211), x-refrain-*, Age.
net::Headers cache_headers(const serve::Ticket& ticket, const chat::Head& head,
                           const std::string& request_id, base::WallTime now);

/// Answers an exchange from a ticket: at once from memory, or as the flight goes on. Takes the
/// ticket's place in the flight and leaves it when the client leaves or the reply ends.
void answer(const std::shared_ptr<net::Exchange>& exchange, serve::Ticket ticket, ReplyPlan plan,
            const base::Clock& clock);

}  // namespace refrain::api
