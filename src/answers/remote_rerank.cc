#include "answers/remote_rerank.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "json/value.h"

namespace refrain::answers {

using base::Code;
using base::fail;

RemoteReranker::RemoteReranker(Options options, fetch::Client& client)
    : options_(std::move(options)), client_(client) {
  std::string& url = options_.url;
  while (url.ends_with('/')) url.pop_back();
  cohere_ = url.ends_with("/v1/rerank") || url.ends_with("/v2/rerank");
  if (!url.ends_with("/rerank")) url += "/rerank";
}

std::string RemoteReranker::body(std::string_view query,
                                 std::span<const Candidate> candidates) const {
  json::Array texts;
  for (const Candidate& candidate : candidates) texts.emplace_back(candidate.text);
  json::Value out;
  if (!options_.model.empty()) out.set("model", options_.model);
  out.set("query", query);
  if (cohere_) out.set("top_n", json::Value::of(static_cast<std::uint64_t>(texts.size())));
  // A text that the server would cut must fail: a score of half a text says nothing of the rest.
  if (!cohere_) out.set("truncate", false);
  out.set(cohere_ ? "documents" : "texts", std::move(texts));
  return json::write(out);
}

base::Result<std::vector<double>> RemoteReranker::read(const std::string& reply,
                                                       std::size_t count) const {
  TRY(document, json::parse(reply, {64, json::Duplicates::keep_last}));
  const json::Value* rows = cohere_ ? document.find("results") : &document;
  if (rows == nullptr || !rows->is_array()) return fail(Code::io, "a list of scores is wanted");
  std::vector<std::optional<double>> scores(count);
  for (const json::Value& row : *rows->array()) {
    const json::Value* index = row.find("index");
    const json::Value* value = row.find(cohere_ ? "relevance_score" : "score");
    const std::optional<std::int64_t> at = index != nullptr ? index->as_int() : std::nullopt;
    const std::optional<double> score = value != nullptr ? value->as_double() : std::nullopt;
    if (!at || !score || *at < 0 || static_cast<std::size_t>(*at) >= count ||
        scores[static_cast<std::size_t>(*at)]) {
      return fail(Code::io, "a score without its number, or with one that is not asked for");
    }
    scores[static_cast<std::size_t>(*at)] = score;
  }
  std::vector<double> out;
  for (const std::optional<double>& score : scores) {
    if (!score) return fail(Code::io, fmt::format("not each of {} texts has a score", count));
    out.push_back(*score);
  }
  return out;
}

base::Result<std::vector<double>> RemoteReranker::score(const base::Call& call,
                                                        std::string_view query,
                                                        std::span<const Candidate> candidates) {
  fetch::Request request;
  request.method = "POST";
  request.url = options_.url;
  request.headers = {{"content-type", "application/json"}};
  if (!options_.api_key.empty()) {
    request.headers.emplace_back("authorization", "Bearer " + options_.api_key);
  }
  request.body = body(query, candidates);
  TRY(response, client_.fetch_whole(call, std::move(request)));
  if (response.status / 100 != 2) {
    return fail(Code::unavailable, fmt::format("{}: status {}", options_.url, response.status));
  }
  base::Result<std::vector<double>> scores = read(response.body, candidates.size());
  if (scores) return scores;
  return fail(scores.error().code, fmt::format("{}: {}", options_.url, scores.error().what));
}

}  // namespace refrain::answers
