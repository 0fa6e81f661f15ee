#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kv/store.h"
#include "tests/support/kv_samples.h"
#include "tests/support/temp_folder.h"

namespace refrain::kv {

/// A clock whose wall stands still until a test moves it.
class KvClock final : public base::Clock {
 public:
  base::Instant now() const noexcept override { return std::chrono::steady_clock::now(); }
  base::WallTime wall() const noexcept override {
    return base::WallTime(std::chrono::seconds(seconds_.load()));
  }
  void set(std::int64_t seconds) { seconds_ = seconds; }

 private:
  std::atomic<std::int64_t> seconds_{1000};
};

/// A store of small_model()'s KV in a folder of its own, with blocks of 16 tokens.
class StoreProbe {
 public:
  explicit StoreProbe(Options options = {}) : options_(std::move(options)) {
    if (options_.folder.empty()) options_.folder = folder_.path();
    options_.block_tokens = 16;
    options_.durability = Durability::process;
    reopen();
  }
  void reopen() {
    store_.reset();
    auto opened = Store::open(options_, clock);
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = std::move(*opened);
  }
  void close() { store_.reset(); }
  Store& store() { return *store_; }
  const std::string& path() const { return options_.folder; }
  Options& options() { return options_; }

  static NewPrompt prompt(std::vector<Token> tokens, std::string name = "") {
    NewPrompt out;
    out.tenant = "t";
    out.fingerprint = small_model();
    out.tokens = std::move(tokens);
    out.name = std::move(name);
    return out;
  }
  static Space space() { return {"t", digest(small_model())}; }

  base::Result<std::optional<Description>> keep(const NewPrompt& prompt) {
    auto draft = store().begin(prompt);
    if (!draft) return std::unexpected(draft.error());
    for (const Draft::Wanted& part : draft->wanted()) {
      SampleRows rows(std::span(prompt.tokens).subspan(part.first, part.tokens), part.first,
                      prompt.fingerprint);
      if (auto written = draft->write(rows.layers); !written) {
        return std::unexpected(written.error());
      }
    }
    return store().publish({}, std::move(*draft));
  }
  base::Result<std::optional<Description>> keep(std::vector<Token> tokens, std::string name = "") {
    return keep(prompt(std::move(tokens), std::move(name)));
  }
  std::size_t common(const std::vector<Token>& tokens) {
    return store().find(space(), tokens).tokens();
  }
  /// What of a prompt is kept, read and compared with what it must be: its length, or a failure.
  std::size_t checked(const std::vector<Token>& tokens) {
    Match match = store().find(space(), tokens);
    for (const Found& found : match.blocks()) {
      auto block = store().load({}, found);
      if (!block) return found.first;
      SampleRows wanted(std::span((*block)->head().tokens), found.first);
      for (std::uint32_t layer = 0; layer < 2; ++layer) {
        EXPECT_EQ((*block)->rows(layer).keys, wanted.layers[layer].keys);
        EXPECT_EQ((*block)->rows(layer).values, wanted.layers[layer].values);
      }
      for (std::size_t i = 0; i < found.usable; ++i) {
        EXPECT_EQ((*block)->head().tokens[i], tokens[found.first + i]);
      }
    }
    return match.tokens();
  }

  KvClock clock;

 private:
  TempFolder folder_;
  Options options_;
  std::unique_ptr<Store> store_;
};

}  // namespace refrain::kv
