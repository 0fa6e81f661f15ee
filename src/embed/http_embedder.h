#pragma once

#include <atomic>
#include <string>

#include "base/metric.h"
#include "embed/embedder.h"
#include "fetch/client.h"

namespace refrain::embed {

/// An embedding server: OpenAI's POST /v1/embeddings, or TEI's POST /embed where the URL ends so.
/// Threads: any; blocks until the call's deadline at most.
class HttpEmbedder final : public Embedder {
 public:
  struct Options {
    std::string url;      // of the route itself, or a base that /v1/embeddings is added to
    std::string model{};    // "" leaves it out
    std::string api_key{};
  };
  HttpEmbedder(Options options, fetch::Client& client);

  /// Errors: invalid (blank text), unavailable (status too), deadline, io (a reply of another
  /// shape, order or dimension).
  base::Result<Matrix> embed(const base::Call& call,
                             std::span<const std::string_view> texts) override;
  /// dim is 0 before the first answer.
  Info info() const override;
  Stats stats() const override;

 private:
  base::Result<Matrix> read(const std::string& body, std::size_t count);

  Options options_;
  bool tei_;
  fetch::Client& client_;
  std::atomic<std::size_t> dim_{0};
  base::Counter texts_, calls_, errors_, deadlines_;
};

}  // namespace refrain::embed
