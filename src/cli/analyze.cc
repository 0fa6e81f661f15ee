// Every pair is compared: a sample would miss rare pairs, and 10,000 prompts are 50 million inner
// products, seconds. Only the best samples are kept on the way.
#include "cli/analyze.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace refrain::cli {
namespace {

constexpr std::size_t kBatch = 64;
// A cosine that is printed as 0.9000 counts as 0.9, whatever the last bit of its sum was.
constexpr float kRounding = 5e-7F;

std::size_t words(const std::string& text) {
  std::size_t count = 0;
  bool inside = false;
  for (char c : text) {
    bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space && !inside) ++count;
    inside = !space;
  }
  return count;
}

bool better(const Redundancy::Pair& a, const Redundancy::Pair& b) { return a.cosine > b.cosine; }

}  // namespace

base::Result<Redundancy> analyze(embed::Embedder& embedder, const std::vector<std::string>& prompts,
                                 const AnalyzeOptions& options) {
  Redundancy out;
  out.prompts = prompts.size();
  std::size_t total = 0;
  for (const std::string& prompt : prompts) total += words(prompt);
  out.words_mean =
      prompts.empty() ? 0 : static_cast<double>(total) / static_cast<double>(prompts.size());

  embed::Matrix all;
  for (std::size_t at = 0; at < prompts.size(); at += kBatch) {
    std::vector<std::string_view> texts(
        prompts.begin() + static_cast<std::ptrdiff_t>(at),
        prompts.begin() + static_cast<std::ptrdiff_t>(std::min(at + kBatch, prompts.size())));
    TRY(part, embedder.embed({}, texts));
    all.cols = part.cols;
    all.rows += part.rows;
    all.data.insert(all.data.end(), part.data.begin(), part.data.end());
    if (options.progress) options.progress(all.rows);
  }
  for (std::size_t i = 0; i < all.rows; ++i) {
    std::span<const float> a = all.row(i);
    for (std::size_t j = i + 1; j < all.rows; ++j) {
      std::span<const float> b = all.row(j);
      float cosine = std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
      if (cosine < options.threshold - kRounding) continue;
      ++out.pairs;
      out.samples.push_back({i, j, cosine});
      std::push_heap(out.samples.begin(), out.samples.end(), better);
      if (out.samples.size() > options.samples_max) {
        std::pop_heap(out.samples.begin(), out.samples.end(), better);
        out.samples.pop_back();
      }
    }
  }
  std::sort(out.samples.begin(), out.samples.end(), better);
  auto n = static_cast<double>(all.rows);
  if (all.rows > 1) out.share_percent = 100.0 * static_cast<double>(out.pairs) / (n * (n - 1) / 2);
  return out;
}

}  // namespace refrain::cli
