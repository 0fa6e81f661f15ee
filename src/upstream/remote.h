#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/call.h"
#include "base/metric.h"
#include "base/result.h"
#include "chat/flight.h"
#include "fetch/client.h"
#include "upstream/options.h"

namespace refrain::upstream {

struct Stats {
  std::uint64_t requests = 0;
  std::uint64_t answered = 0, refused = 0, failed = 0, cancelled = 0;  // how they ended
  std::uint64_t retries = 0, retries_denied = 0;  // denied: the budget was spent
  std::uint64_t bytes = 0;                        // of reply bodies
  base::Histogram::Snapshot first_byte;           // from start() to the first byte of a body
};

/// A request of no dialect of ours, passed on as it is: GET /v1/models and the like.
struct Passage {
  std::string method, target;
  chat::Headers headers;
  std::string body;
};

/// Model APIs behind HTTP. Routes by model, translates where dialects differ, retries only before a
/// reply has begun. Threads: any; nothing blocks. Flights are written on the fetch threads.
class Remote final : public chat::Producer {
 public:
  /// Errors: invalid (options). client outlives every flight that was started; it may go before or
  /// after the Remote itself.
  static base::Result<std::unique_ptr<Remote>> open(Options options, fetch::Client& client,
                                                    const base::Clock& clock);
  ~Remote() override;

  /// See chat::Producer. An embeddings flight gets one event for each input, in order. A failed end
  /// keeps the upstream's own error event, if that was the cause, in End::refusal.body.
  void start(const base::Call& call, const chat::Request& request,
             std::shared_ptr<chat::Flight> flight) override;

  /// Passes on to the first upstream; done runs once, with the reply as it came, perhaps at once
  /// and on this thread. Errors: as fetch::Client.
  void forward(const base::Call& call, Passage passage,
               std::function<void(base::Result<chat::Refusal>)> done);

  Stats stats() const;

 private:
  struct Shared;
  class Asking;
  class Passing;
  class ModelName;

  explicit Remote(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;  // with every open transfer
};

}  // namespace refrain::upstream
