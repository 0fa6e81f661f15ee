#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/memory_blocks.h"
#include "tests/support/tiny_model.h"

namespace refrain::tests {

/// How a request to the engine ended.
struct Answered {
  std::vector<std::string> texts;     // by choice
  std::vector<std::string> finishes;  // by choice
  std::optional<chat::Reuse> reuse;
  std::optional<base::Error> error;
  json::Value usage;
  chat::Event folded;

  std::string text() const { return texts.empty() ? "" : texts.front(); }
  std::int64_t used(std::string_view name) const {
    const json::Value* value = usage.find(name);
    return value == nullptr ? -1 : value->as_int().value_or(-1);
  }
  std::int64_t cached() const {
    const json::Value* details = usage.find("prompt_tokens_details");
    return details == nullptr ? -1 : details->find("cached_tokens")->as_int().value_or(-1);
  }
};

/// A request under way.
class Asked {
 public:
  explicit Asked(std::shared_ptr<chat::Flight> flight) : flight_(std::move(flight)) {
    flight_->join();
  }
  chat::Flight& flight() { return *flight_; }
  /// Waits until there are more than `events`, or the end. False: nothing came within a minute.
  bool wait(std::size_t events) {
    auto woken = std::make_shared<Woken>();
    flight_->watch(events, true, [woken] { woken->set(); });
    return woken->wait();
  }
  Answered result() {
    EXPECT_TRUE(wait(SIZE_MAX)) << "no answer";
    chat::Flight::Slice slice = flight_->read(0);
    Answered out;
    if (!slice.end) return out;
    if (slice.end->kind == chat::End::Kind::failed) out.error = slice.end->error;
    if (slice.head) out.reuse = slice.head->reuse;
    out.folded = chat::fold(slice.events);
    out.usage = out.folded.usage;
    for (const chat::ChoiceDelta& choice : out.folded.choices) {
      out.texts.push_back(choice.content.value_or(""));
      out.finishes.push_back(choice.finish.value_or(""));
    }
    return out;
  }

 private:
  struct Woken {
    std::mutex lock;
    std::condition_variable changed;
    bool done = false;
    void set() {
      const std::lock_guard guard(lock);
      done = true;
      changed.notify_all();
    }
    bool wait() {
      std::unique_lock guard(lock);
      return changed.wait_for(guard, std::chrono::minutes(1), [this] { return done; });
    }
  };
  std::shared_ptr<chat::Flight> flight_;
};

/// An engine over a tiny model. Reuse is taken wherever it is possible, so that tests do not depend
/// on how fast the machine is.
class EngineProbe {
 public:
  static engine::Options small() {
    engine::Options options;
    options.cells = 1024;
    options.parallel = 8;
    options.kept_max = 8;
    options.batch_tokens = 128;
    options.ubatch_tokens = 128;
    options.chunk_tokens = 32;
    options.restore_tokens = 64;
    options.threads = 1;
    options.reuse_rule = policy::ReuseRule::always;
    return options;
  }
  explicit EngineProbe(engine::Options options = small(), const std::string& shape = "gqa",
                       engine::MemoryBlocks* blocks = nullptr)
      : blocks_(blocks) {
    auto opened = engine::Engine::open(tiny_model(shape), options, {clock_, blocks});
    if (!opened) {
      ADD_FAILURE() << opened.error().what;
      return;
    }
    engine_ = std::move(*opened);
  }

  engine::Engine& engine() { return *engine_; }

  Asked start(chat::Dialect dialect, std::string_view body, const std::string& realm = "t",
              base::Instant deadline = base::Instant::max()) {
    chat::Request request;
    request.dialect = dialect;
    request.realm = realm;
    request.id = "req-1";
    auto parsed = json::parse(body);
    EXPECT_TRUE(parsed) << body;
    if (parsed) request.body = std::move(*parsed);
    auto flight = std::make_shared<chat::Flight>(std::size_t{1} << 26U);
    Asked asked(flight);
    engine_->start({deadline, {}, 0}, request, flight);
    return asked;
  }
  /// A greedy completion of a text.
  static std::string greedy(const std::string& prompt, std::size_t tokens,
                            const std::string& more = "") {
    std::string quoted;
    json::quote(prompt, quoted);
    return "{\"prompt\":" + quoted + ",\"max_tokens\":" + std::to_string(tokens) +
           ",\"temperature\":0,\"ignore_eos\":true" + more + "}";
  }
  Asked complete(const std::string& prompt, std::size_t tokens, const std::string& more = "",
                 const std::string& realm = "t") {
    return start(chat::Dialect::openai_completion, greedy(prompt, tokens, more), realm);
  }
  /// Waits until the block store has all that is on its way there.
  void wait_for_blocks(std::uint64_t count) {
    for (int i = 0; i < 20000 && blocks_ && blocks_->stats().blocks < count; ++i) {
      std::unique_lock guard(lock_);
      changed_.wait_for(guard, std::chrono::milliseconds(1));
    }
    EXPECT_GE(blocks_->stats().blocks, count);
  }

 private:
  base::SystemClock clock_;
  engine::MemoryBlocks* blocks_;
  std::unique_ptr<engine::Engine> engine_;
  std::mutex lock_;
  std::condition_variable changed_;
};

/// Words of the tiny vocabulary: about one token each.
inline std::string words(std::size_t count, std::size_t from = 0) {
  static const char* const kSome[] = {"ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su"};
  std::string out;
  for (std::size_t i = from; i < from + count; ++i) {
    out += kSome[(i * 7 + i / 10 * 3) % 10];
    out += ' ';
  }
  return out;
}

}  // namespace refrain::tests
