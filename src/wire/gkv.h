#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "chat/answer.h"
#include "chat/request.h"

/// The dialect of GKV's POST /generate: TGI's body with a user and a cache strategy. Bodies are
/// legacy to the letter (docs/protocol/gkv.md). Pure; threads: any.
namespace refrain::wire::gkv {

/// The reference's limit of new tokens where a request has none.
inline constexpr std::int64_t kNewTokensDefault = 100;

enum class Strategy : std::uint8_t { global_user, global_only, per_user, no_cache };
std::string_view name(Strategy strategy) noexcept;

struct Request {
  chat::Request chat;      // body: inputs, parameters (max_new_tokens set) and unknown members; no
                           // user_id and cache_strategy, so that equal questions are equal
  std::string user_id;     // not empty
  Strategy strategy = Strategy::global_user;
  bool known = true;       // false: cache_strategy had an unknown value, which means global_user
};

/// A request without user_id (absent, null or ""): answered with missing_user_body().
struct MissingUser {};

/// Errors: invalid ('inputs' no string, 'parameters' no object, 'user_id' or 'cache_strategy' no
/// string), too_large. To the upstream it goes by tgi::upstream_body or tgi::completion_body.
base::Result<std::variant<Request, MissingUser>> read_request(std::string_view body,
                                                              const chat::Headers& headers);

/// {"error":"user_id is required","status_code":400}; sent with status 400.
std::string_view missing_user_body() noexcept;

/// How a hit came about.
struct Hit {
  double similarity = 1;   // cosine, shown rounded to six digits
  std::string_view source; // "user" or "global"
};

/// {"generated_text","cached":false}, or with a hit {"generated_text","cached":true,"similarity",
/// "source"}. answer: of any origin; its text is that of choice 0.
std::string render_reply(const chat::Answer& answer, const std::optional<Hit>& hit);

/// {"error":...,"status_code":...}: the legacy shape for every other error.
std::string error_body(std::string_view message, int status);

}  // namespace refrain::wire::gkv
