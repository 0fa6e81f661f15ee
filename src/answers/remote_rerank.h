#pragma once

#include <string>

#include "answers/rerank.h"
#include "fetch/client.h"

namespace refrain::answers {

/// A server that scores texts against a query, in TEI's shape (POST /rerank, texts, a list of
/// {index, score}) or in Cohere's (POST /v1/rerank or /v2/rerank, documents, results of {index,
/// relevance_score}). Scores are the server's own.
class RemoteReranker final : public Reranker {
 public:
  struct Options {
    std::string url{};    // of the route itself, or a base that TEI's /rerank is added to
    std::string model{};  // "" leaves it out
    std::string api_key{};
  };
  RemoteReranker(Options options, fetch::Client& client);

  /// Errors: unavailable (a status that is not 2xx too), deadline, io (a reply of another shape, or
  /// without a score for each candidate).
  base::Result<std::vector<double>> score(const base::Call& call, std::string_view query,
                                          std::span<const Candidate> candidates) override;

 private:
  std::string body(std::string_view query, std::span<const Candidate> candidates) const;
  base::Result<std::vector<double>> read(const std::string& reply, std::size_t count) const;

  Options options_;
  bool cohere_;
  fetch::Client& client_;
};

}  // namespace refrain::answers
