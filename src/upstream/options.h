#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::upstream {

enum class Kind : std::uint8_t { openai, tgi };

/// One model API.
struct Upstream {
  std::string name = "default";
  std::string url{};  // base, with or without /v1 at its end
  Kind kind = Kind::openai;
  std::string api_key{};  // takes the place of the client's own credential; "": that passes on
  std::string model{};    // for requests without one (TGI, GKV) over kind openai; "": the first
                          // of GET /v1/models, asked once
  std::chrono::milliseconds connect_timeout{5'000};
  // Until a stream's first byte. A reply that is no stream comes at once when the model is done:
  // it has total_timeout and the call's deadline.
  std::chrono::milliseconds first_byte_timeout{120'000};
  std::chrono::milliseconds idle_timeout{120'000};  // between bytes; 0, as above: none
  std::chrono::milliseconds total_timeout{0};       // 0: none but the call's own deadline
  bool stream_usage = true;  // ask for usage in streams although the client did not
};

/// Models of this pattern go to that upstream. The first route that fits counts.
struct Route {
  std::string pattern;   // a name, or the beginning of one and '*'
  std::string upstream;  // Upstream::name
};

struct Options {
  std::vector<Upstream> upstreams;  // the first answers what no route names
  std::vector<Route> routes{};
  std::size_t retries_max = 1;  // per request, only before a reply has begun
  double retry_share = 0.1;     // retries per request in the long run
  double retry_burst = 10;      // retries that may come at once
  std::size_t reply_bytes_max = std::size_t{64} << 20;   // of a reply that is no stream
  std::size_t refusal_bytes_max = std::size_t{1} << 20;  // of an error body
  /// Errors: invalid (no upstream, a URL that is none, a route to nowhere, a number out of range).
  base::Result<> check() const;
};

/// The upstream that answers for this model.
const Upstream& choose(const Options& options, std::string_view model);

/// base and target as one URL; "/v1" at base's end and at target's beginning are one and the same.
/// target  "/v1/..." or a path of the server's own such as "/generate"; may have a query.
std::string join(std::string_view base, std::string_view target);

}  // namespace refrain::upstream
