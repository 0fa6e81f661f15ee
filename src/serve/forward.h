#pragma once

#include <functional>
#include <string>

#include "chat/flight.h"
#include "chat/request.h"

namespace refrain::serve {

/// A request that Refrain does not understand and passes on.
struct Forwarded {
  std::string method, target;
  chat::Headers headers;
  std::string body;
  std::string upstream_key;  // of the tenant; "" passes the client's own credential on
};

/// Passes requests through to the upstream, such as GET /v1/models.
class Forward {
 public:
  virtual ~Forward() = default;
  /// Returns at once; `done` runs once with the upstream's reply, or with one that says why there
  /// is none (502, in OpenAI's error shape).
  virtual void start(Forwarded request, std::function<void(chat::Refusal)> done) = 0;
};

}  // namespace refrain::serve
