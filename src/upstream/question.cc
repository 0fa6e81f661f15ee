// From a request in its door's words to the request that an upstream understands. Where both speak
// one dialect the client's own bytes travel; where they do not, wire translates, and refuses what
// it would have to drop.
#include "upstream/question.h"

#include <algorithm>
#include <array>

#include "wire/embeddings.h"
#include "wire/openai.h"
#include "wire/tgi.h"

namespace refrain::upstream {

using base::Result;
using chat::Dialect, chat::Origin;

namespace {

constexpr std::array<std::string_view, 14> kStay{"connection",
                                                 "keep-alive",
                                                 "proxy-authenticate",
                                                 "proxy-authorization",
                                                 "te",
                                                 "trailer",
                                                 "transfer-encoding",
                                                 "upgrade",
                                                 "content-length",
                                                 "date",
                                                 "server",
                                                 "set-cookie",
                                                 "alt-svc",
                                                 "strict-transport-security"};

bool has_inputs(Dialect dialect) noexcept {
  return dialect == Dialect::tgi || dialect == Dialect::gkv;
}

std::string own_body(const chat::Request& request, const Upstream& upstream) {
  using wire::openai::StreamUsage;
  std::string made;
  if (request.raw.empty()) made = json::write(request.body);
  std::string_view raw = request.raw.empty() ? made : request.raw;
  if (request.dialect == Dialect::openai_embedding) return std::string(raw);
  return wire::openai::upstream_body(
      request, raw, upstream.stream_usage ? StreamUsage::always : StreamUsage::as_asked);
}

std::string_view path_of(Dialect dialect) noexcept {
  switch (dialect) {
    case Dialect::openai_chat: return "/v1/chat/completions";
    case Dialect::openai_embedding: return "/v1/embeddings";
    default: return "/v1/completions";
  }
}

Origin origin_of(Dialect dialect) noexcept {
  switch (dialect) {
    case Dialect::openai_chat: return Origin::openai_chat;
    case Dialect::openai_embedding: return Origin::openai_embedding;
    default: return Origin::openai_completion;
  }
}

}  // namespace

chat::Headers travelling(const fetch::Headers& headers) {
  chat::Headers out;
  for (const auto& header : headers) {
    if (std::ranges::find(kStay, header.first) == kStay.end()) out.push_back(header);
  }
  return out;
}

bool needs_model(const chat::Request& request, const Upstream& upstream) noexcept {
  return upstream.kind == Kind::openai && has_inputs(request.dialect) && request.model.empty();
}

fetch::Headers with_credential(fetch::Headers headers, const Upstream& upstream) {
  if (upstream.api_key.empty()) return headers;
  std::erase_if(headers, [](const auto& header) {
    return header.first == "authorization" || header.first == "x-api-key";
  });
  headers.emplace_back("authorization", "Bearer " + upstream.api_key);
  return headers;
}

Result<Question> ask(const chat::Request& request, const Upstream& upstream,
                     std::string_view model) {
  using wire::openai::StreamUsage;
  Question question;
  fetch::Request& http = question.http;
  http.method = "POST";
  http.headers = with_credential(request.pass, upstream);
  std::erase_if(http.headers, [](const auto& header) { return header.first == "content-type"; });
  http.headers.emplace_back("content-type", "application/json");
  http.connect_timeout = upstream.connect_timeout;
  http.first_byte_timeout =
      request.wants_stream ? upstream.first_byte_timeout : std::chrono::milliseconds(0);
  http.idle_timeout = upstream.idle_timeout;
  http.total_timeout = upstream.total_timeout;
  http.body_max = SIZE_MAX;  // the reader of the reply bounds it, by what it turns out to be

  question.shape.origin = origin_of(request.dialect);
  if (!has_inputs(request.dialect)) {
    http.url = join(upstream.url, path_of(request.dialect));
    http.body = own_body(request, upstream);
    if (request.dialect == Dialect::openai_embedding) {
      TRY(inputs, wire::openai::embedding_inputs(request));
      question.shape.items = std::move(inputs.items);
    }
  } else if (upstream.kind == Kind::tgi) {
    question.shape.origin = Origin::tgi;
    http.url = join(upstream.url, wire::tgi::upstream_path(request));
    http.body = wire::tgi::upstream_body(request);
  } else {
    http.url = join(upstream.url, "/v1/completions");
    std::string_view named = request.model.empty() ? model : request.model;
    TRY(body,
        wire::tgi::completion_body(
            request, named, upstream.stream_usage ? StreamUsage::always : StreamUsage::as_asked));
    http.body = std::move(body);
  }
  return question;
}

}  // namespace refrain::upstream
