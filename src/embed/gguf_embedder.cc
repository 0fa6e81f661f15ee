// The calling thread tokenizes and cuts into windows (microseconds); encoder threads compute
// windows (milliseconds); the calling thread joins them: the mean of a text's windows weighted by
// tokens, made unit again. The weighting lets a short last window count for what it holds.
//
// The revision is a digest of the file's bytes, taken over the digests of its megabytes, so that
// another quantisation or another model under the same name is another space of vectors.
#include "embed/gguf_embedder.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "llama/identity.h"

namespace refrain::embed {
namespace {

using base::Code;
using base::fail;

// Half of the digest names the vectors' space: names are kept with every entry.
base::Result<std::string> revision_of(const std::string& file) {
  TRY(digest, llama::digest_of_file(file));
  return digest.substr(0, 16);
}

}  // namespace

// Which windows of the job belong to which text.
struct GgufEmbedder::Rows {
  std::vector<std::size_t> first;  // [texts + 1]
};

base::Result<> GgufEmbedder::Options::check() const {
  if (cut.tokens_max < 3 || cut.overlap + 2 >= cut.tokens_max) {
    return fail(Code::invalid, fmt::format("windows of {} tokens that overlap by {}",
                                           cut.tokens_max, cut.overlap));
  }
  if (windows_max == 0 || queue.calls_max == 0 || queue.batch_windows_max == 0 || encoders > 256) {
    return fail(Code::invalid,
                fmt::format("{} windows, {} calls, {} windows a batch, {} encoders", windows_max,
                            queue.calls_max, queue.batch_windows_max, encoders));
  }
  return {};
}

GgufEmbedder::GgufEmbedder(const Options& options, std::shared_ptr<const llama::Model> model,
                           WordPiece pieces)
    : options_(options),
      model_(std::move(model)),
      pieces_(std::move(pieces)),
      queue_(options.queue) {}

base::Result<std::unique_ptr<GgufEmbedder>> GgufEmbedder::open(const Options& options) {
  TRY_DO(options.check());
  TRY(model, llama::Model::load(options.file));
  const llama::Model::Facts& facts = model->facts();
  if (facts.tokenizer != "bert" || facts.begin < 0 || facts.separator < 0 || facts.unknown < 0) {
    return fail(Code::unsupported,
                fmt::format("model {}: its tokenizer is '{}', not WordPiece ('bert')", options.file,
                            facts.tokenizer));
  }
  TRY(pieces, WordPiece::make(model->vocabulary(), facts.unknown, {}));
  TRY(revision, revision_of(options.file));
  Options fitted = options;
  fitted.cut.tokens_max = std::min(options.cut.tokens_max, facts.tokens_max);
  fitted.queue.batch_tokens_max = std::min(options.queue.batch_tokens_max, fitted.cut.tokens_max);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  if (fitted.encoders == 0) fitted.encoders = std::max<std::size_t>(1, cores - 1);
  TRY_DO(fitted.check());
  std::unique_ptr<GgufEmbedder> out(new GgufEmbedder(fitted, model, std::move(pieces)));
  out->info_ = {facts.name, revision, facts.dim, fitted.cut.tokens_max};
  for (std::size_t i = 0; i < fitted.encoders; ++i) {
    TRY(encoder,
        llama::TextEncoder::open(model, {.tokens_max = fitted.cut.tokens_max,
                                         .sequences_max = fitted.queue.batch_windows_max}));
    out->encoders_.push_back(std::move(encoder));
  }
  out->pool_ = std::make_unique<base::Pool>(base::Pool::Options{
      .name = "embed", .threads = fitted.encoders, .queue_max = fitted.encoders});
  for (auto& encoder : out->encoders_) {
    TRY_DO(out->pool_->submit([self = out.get(), &encoder] { self->work(*encoder); }));
  }
  return out;
}

GgufEmbedder::~GgufEmbedder() {
  queue_.stop();
  if (pool_) pool_->stop();
}

void GgufEmbedder::work(llama::TextEncoder& encoder) {
  const std::size_t dim = info_.dim;
  std::vector<float> vectors;
  std::vector<std::span<const llama::TokenId>> sequences;
  for (;;) {
    const auto pieces = queue_.take();
    if (pieces.empty()) return;
    sequences.clear();
    for (const auto& piece : pieces) sequences.emplace_back(piece.job->windows[piece.window]);
    vectors.resize(pieces.size() * dim);
    const base::Result<> done = encoder.encode(sequences, vectors);
    for (std::size_t i = 0; done && i < pieces.size(); ++i) {
      std::copy_n(
          vectors.begin() + static_cast<std::ptrdiff_t>(i * dim), dim,
          pieces[i].job->vectors.begin() + static_cast<std::ptrdiff_t>(pieces[i].window * dim));
    }
    queue_.finish(pieces, done);
  }
}

base::Result<GgufEmbedder::Rows> GgufEmbedder::tokenize(std::span<const std::string_view> texts,
                                                        Job& job) const {
  const auto& facts = model_->facts();
  Rows rows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto ids = pieces_.ids(texts[i]);
    if (ids.empty()) {
      return fail(Code::invalid,
                  fmt::format("text {} of {} holds nothing to embed", i + 1, texts.size()));
    }
    const std::size_t count = window_count(ids.size(), options_.cut);
    if (count > options_.windows_max) {
      return fail(Code::too_large,
                  fmt::format("text {} of {} has {} tokens, {} windows of {}; {} are allowed",
                              i + 1, texts.size(), ids.size(), count, options_.cut.tokens_max,
                              options_.windows_max));
    }
    rows.first.push_back(job.windows.size());
    for (auto& window : windows(ids, facts.begin, facts.separator, options_.cut)) {
      job.windows.push_back(std::move(window));
    }
  }
  rows.first.push_back(job.windows.size());
  return rows;
}

Matrix GgufEmbedder::combine(const Rows& rows, const Job& job) const {
  const std::size_t dim = info_.dim;
  Matrix out{.data = std::vector<float>((rows.first.size() - 1) * dim),
             .rows = rows.first.size() - 1,
             .cols = dim};
  for (std::size_t r = 0; r < out.rows; ++r) {
    const auto sum = std::span(out.data).subspan(r * dim, dim);
    for (std::size_t w = rows.first[r]; w < rows.first[r + 1]; ++w) {
      add_scaled(sum, std::span(job.vectors).subspan(w * dim, dim),
                 static_cast<float>(job.windows[w].size() - 2));
    }
    normalise(sum);
  }
  return out;
}

base::Result<Matrix> GgufEmbedder::embed(const base::Call& call,
                                         std::span<const std::string_view> texts) {
  calls_.add();
  texts_.add(texts.size());
  if (texts.empty()) return Matrix{.data = {}, .rows = 0, .cols = info_.dim};
  auto job = std::make_shared<Job>();
  job->call = call;
  const auto note = [this](const base::Error& error) {
    errors_.add();
    if (error.code == Code::deadline) deadlines_.add();
    if (error.code == Code::busy) refused_.add();
    return std::unexpected(error);
  };
  auto rows = tokenize(texts, *job);
  if (!rows) return note(rows.error());
  if (job->windows.size() > texts.size()) windows_.add(job->windows.size() - texts.size());
  job->vectors.resize(job->windows.size() * info_.dim);
  if (const auto added = queue_.add(job); !added) return note(added.error());
  if (const auto done = queue_.wait(job); !done) return note(done.error());
  return combine(*rows, *job);
}

Stats GgufEmbedder::stats() const {
  return {.texts = texts_.value(),
          .calls = calls_.value(),
          .errors = errors_.value(),
          .deadlines = deadlines_.value(),
          .refused = refused_.value(),
          .windows = windows_.value()};
}

}  // namespace refrain::embed
