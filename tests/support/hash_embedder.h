#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "base/hash.h"
#include "base/metric.h"
#include "embed/embedder.h"

namespace refrain::test {

/// A stand-in without a model: every word, lower-cased, adds or takes one in one of 64 places.
/// Texts that share words are near, order does not count, and the same text always gives the same
/// vector. Threads: any.
class HashEmbedder final : public embed::Embedder {
 public:
  static constexpr std::size_t kDim = 64;

  base::Result<embed::Matrix> embed(const base::Call& call,
                                    std::span<const std::string_view> texts) override {
    calls_.add();
    texts_.add(texts.size());
    if (call.deadline <= base::SystemClock().now()) {
      errors_.add();
      return base::fail(base::Code::deadline, "deadline passed");
    }
    embed::Matrix out{.data = std::vector<float>(texts.size() * kDim), .rows = texts.size(),
                      .cols = kDim};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (!add_words(texts[i], std::span(out.data).subspan(i * kDim, kDim))) {
        errors_.add();
        return base::fail(base::Code::invalid, "a text without words");
      }
    }
    return out;
  }
  embed::Info info() const override { return {"hash", "1", kDim, 0}; }
  embed::Stats stats() const override {
    embed::Stats out;
    out.texts = texts_.value();
    out.calls = calls_.value();
    out.errors = errors_.value();
    return out;
  }

 private:
  static bool add_words(std::string_view text, std::span<float> row) {
    std::string word;
    const auto add = [&] {
      if (word.empty()) return;
      const std::uint64_t hash = base::hash64(word);
      row[hash % kDim] += (hash >> 32U & 1U) != 0 ? 1.0F : -1.0F;
      word.clear();
    };
    for (const char letter : text) {
      const auto byte = static_cast<unsigned char>(letter);
      if (byte >= 0x80 || std::isalnum(byte) != 0) {
        word += static_cast<char>(std::tolower(byte));
      } else {
        add();
      }
    }
    add();
    float square = 0;
    for (const float value : row) square += value * value;
    if (square == 0) return false;
    for (float& value : row) value /= std::sqrt(square);
    return true;
  }

  base::Counter texts_, calls_, errors_;
};

}  // namespace refrain::test
