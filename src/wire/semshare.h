#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/request.h"

/// SemShareKV's dialect: POST /v1/generate, GET /v1/cache/stats, POST /v1/cache/clear (reference
/// 4.2). What is kept of it and what is not: docs/protocol/semshare.md. Pure; threads: any.
namespace refrain::wire::semshare {

struct Request {
  chat::Request chat{};  // as a completion that begins with its prompt
  bool use_semshare = true;
  double sim_threshold = 0.8;
  std::string store_key{};  // "": the default of the prompt is to be made
};

/// Errors: invalid ('prompt' is missing; a member of a wrong type or out of range).
base::Result<Request> read_request(std::string_view body);

struct Reply {
  std::string_view text;       // prompt and completion
  std::string_view store_key;
  std::int64_t start_ms = 0;   // since 1970
  double latency_ms = 0;
  std::string_view reason;     // why nothing was shared by meaning
  std::string_view rung;       // of the reuse ladder that served the prompt
  std::size_t reused_tokens = 0, prefilled_tokens = 0;
};
/// All members of the reference; used_semshare and cache_hit are false, ref_key and retrieved_sim
/// null, as nothing is shared by meaning yet.
std::string render_reply(const Reply& reply);

/// {"items": n, "keys": [...]}
std::string render_stats(const std::vector<std::string>& keys);

/// {"detail": sentence}, as FastAPI says it.
std::string error_body(std::string_view sentence);

}  // namespace refrain::wire::semshare
