#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/metric.h"
#include "base/pool.h"
#include "embed/embedder.h"
#include "embed/overlooked.h"
#include "embed/window.h"
#include "embed/wordpiece.h"
#include "embed/work_queue.h"
#include "llama/text_encoder.h"

namespace refrain::embed {

/// A BERT-like model in this process: own WordPiece, windows, and one thread per encoder over one
/// bounded queue. Calls block until their deadline at most; a text whose deadline has passed is not
/// computed. Threads: any.
class GgufEmbedder final : public Embedder {
 public:
  struct Options {
    std::string file;
    std::size_t encoders = 0;  // threads; 0: one less than the machine's, at least one
    std::size_t windows_max = 16;  // of one text: about 3,600 tokens
    Cut cut{};
    WorkQueue::Options queue{};
    /// Invalid if a number makes no sense.
    base::Result<> check() const;
  };

  /// Errors: invalid (options), those of llama::Model::load, unsupported (no WordPiece vocabulary).
  static base::Result<std::unique_ptr<GgufEmbedder>> open(const Options& options);
  ~GgufEmbedder() override;

  base::Result<Matrix> embed(const base::Call& call,
                             std::span<const std::string_view> texts) override;
  std::string overlooked(std::string_view a, std::string_view b) const override {
    return embed::overlooked(pieces_, a, b);
  }
  Info info() const override { return info_; }
  Stats stats() const override;

 private:
  struct Rows;
  GgufEmbedder(const Options& options, std::shared_ptr<const llama::Model> model, WordPiece pieces);
  base::Result<Rows> tokenize(std::span<const std::string_view> texts, Job& job) const;
  Matrix combine(const Rows& rows, const Job& job) const;
  void work(llama::TextEncoder& encoder);

  const Options options_;
  std::shared_ptr<const llama::Model> model_;
  WordPiece pieces_;
  Info info_;
  WorkQueue queue_;
  base::Counter texts_, calls_, errors_, deadlines_, refused_, windows_;
  std::vector<std::unique_ptr<llama::TextEncoder>> encoders_;
  std::unique_ptr<base::Pool> pool_;
};

}  // namespace refrain::embed
