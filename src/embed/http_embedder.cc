#include "embed/http_embedder.h"

#include <fmt/format.h>

#include "embed/unicode.h"
#include "embed/unit.h"
#include "json/value.h"

namespace refrain::embed {

using base::Code;
using base::fail;

namespace {

std::string route_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/embed") || url.ends_with("/embeddings")) return url;
  return url + (url.ends_with("/v1") ? "/embeddings" : "/v1/embeddings");
}

}  // namespace

HttpEmbedder::HttpEmbedder(Options options, fetch::Client& client)
    : options_(std::move(options)), client_(client) {
  options_.url = route_of(options_.url);
  tei_ = options_.url.ends_with("/embed");
}

Info HttpEmbedder::info() const {
  return {options_.model.empty() ? options_.url : options_.model, "", dim_.load(), 0};
}

Stats HttpEmbedder::stats() const {
  Stats stats;
  stats.texts = texts_.value();
  stats.calls = calls_.value();
  stats.errors = errors_.value();
  stats.deadlines = deadlines_.value();
  return stats;
}

base::Result<Matrix> HttpEmbedder::read(const std::string& body, std::size_t count) {
  TRY(document, json::parse(body, {64, json::Duplicates::keep_last}));
  const json::Value* rows = tei_ ? &document : document.find("data");
  if (!rows || !rows->is_array() || rows->array()->size() != count) {
    return fail(Code::io, fmt::format("a list of {} embeddings is wanted", count));
  }
  Matrix out;
  out.rows = count;
  for (std::size_t i = 0; i < count; ++i) {
    const json::Value& row = (*rows->array())[i];
    const json::Value* index = row.find("index");
    if (index && index->as_int() != static_cast<std::int64_t>(i)) {
      return fail(Code::io, fmt::format("embedding {} has another index", i));
    }
    const json::Value* numbers = tei_ ? &row : row.find("embedding");
    if (!numbers || !numbers->is_array())
      return fail(Code::io, "an embedding is no list of numbers");
    std::size_t begin = out.data.size();
    for (const json::Value& number : *numbers->array()) {
      const auto value = number.as_double();
      if (!value) return fail(Code::io, fmt::format("a {} in an embedding", number.kind()));
      out.data.push_back(static_cast<float>(*value));
    }
    std::size_t length = out.data.size() - begin;
    if (out.cols == 0) out.cols = length;
    if (length != out.cols || !make_unit(std::span(out.data).subspan(begin))) {
      return fail(Code::io, "embeddings of several lengths, or one without direction");
    }
  }
  std::size_t known = dim_.exchange(out.cols);
  if (known != 0 && known != out.cols) {
    dim_ = known;
    return fail(Code::io, fmt::format("{} dimensions came where {} came before", out.cols, known));
  }
  return out;
}

base::Result<Matrix> HttpEmbedder::embed(const base::Call& call,
                                         std::span<const std::string_view> texts) {
  calls_.add();
  for (const std::string_view text : texts) {
    if (!unicode::blank(text)) continue;
    errors_.add();
    return fail(Code::invalid, "a text holds nothing to embed");
  }
  json::Value body;
  body.set(tei_ ? "inputs" : "input", json::Array(texts.begin(), texts.end()));
  // A text that the server would cut must fail: a difference it has not seen is no likeness.
  if (tei_) body.set("truncate", false);
  if (!tei_) body.set("model", options_.model.empty() ? "default" : options_.model);
  fetch::Request request;
  request.method = "POST";
  request.url = options_.url;
  request.headers = {{"content-type", "application/json"}};
  if (!options_.api_key.empty()) {
    request.headers.emplace_back("authorization", "Bearer " + options_.api_key);
  }
  request.body = json::write(body);
  base::Result<fetch::Response> response = client_.fetch_whole(call, std::move(request));
  base::Result<Matrix> out = fail(Code::io, "");
  if (!response) {
    out = std::unexpected(response.error());
  } else if (response->status / 100 != 2) {
    out = fail(Code::unavailable, fmt::format("{}: status {}", options_.url, response->status));
  } else {
    out = read(response->body, texts.size());
    if (!out) out = fail(out.error().code, fmt::format("{}: {}", options_.url, out.error().what));
  }
  if (out) {
    texts_.add(texts.size());
  } else {
    (out.error().code == Code::deadline ? deadlines_ : errors_).add();
  }
  return out;
}

}  // namespace refrain::embed
