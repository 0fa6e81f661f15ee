#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/pool.h"
#include "engine/cells.h"
#include "engine/inbox.h"
#include "engine/job.h"
#include "engine/options.h"
#include "engine/saver.h"
#include "engine/stats.h"
#include "llama/context.h"
#include "llama/self_test.h"
#include "llama/vocabulary.h"
#include "policy/reuse_plan.h"

namespace refrain::engine {

/// The model thread: takes prompts in, batches what all streams need, samples, and gives tokens to
/// the replies. Everything but post() belongs to that thread.
class Runner {
 public:
  struct Rooms {
    llama::Context& context;
    const llama::Vocabulary& words;
    BlockStore* blocks;  // null: nothing is kept outside the cells
    Entries& entries;
    base::Pool& io;
    Inbox& inbox;
    Counters& counters;
    const base::Clock& clock;
  };
  Runner(const Options& options, const llama::Trust& trust, const Rooms& rooms);
  ~Runner();

  /// Works until the inbox is stopped; then everything unfinished fails with `cancelled`.
  void run();
  /// A prompt that waits for its turn.
  void add(std::unique_ptr<Job> job);
  /// A prompt whose rows came from the store, or did not.
  void loaded(std::unique_ptr<Job> job);
  /// Forgets kept sequences of the realm; "": all.
  void forget(const std::string& realm);

 private:
  using StreamPtr = std::unique_ptr<Stream>;
  enum class Verdict : std::uint8_t { admitted, passed_over, no_room };
  struct Part {  // of a step: one stream's tokens
    Stream* stream;
    std::size_t tokens;
    std::size_t last_place;
  };

  void step();
  void sweep();
  bool unwanted(Replying& reply, base::Instant now);
  void admit();
  Verdict consider(std::unique_ptr<Job>& job);
  Verdict resume(StreamPtr& stream);
  policy::ReusePlan plan(const Job& job, std::size_t in_cells) const;
  bool wants_rows(const policy::ReusePlan& plan) const;
  void load(std::unique_ptr<Job> job, std::size_t from);
  bool read_by_another(const Job& job, std::size_t in_cells) const;
  std::optional<Cells::Found> find(const std::string& realm,
                                   const std::vector<TokenId>& tokens) const;
  llama::SequenceId open_sequence(const std::string& realm);
  void share(Stream& stream, const std::optional<Cells::Found>& found);
  StreamPtr stream_of(Job& job, std::size_t index) const;
  void schedule_restores(Stream& stream, const Job& job, const policy::ReusePlan& plan) const;

  void restore();
  std::size_t restore(Stream& stream, std::size_t budget);
  bool compute();
  std::vector<Part> fill_batch();
  void computed(const Part& part, std::vector<Stream*>& over);
  void prompt_read(Stream& stream);
  bool write(Stream& stream, std::size_t place);
  void relieve();
  void pause(Stream& stream);
  void end(Stream& stream, std::string_view finish);
  void fail(Stream& stream, const base::Error& error);
  void release(Stream& stream);
  void save(const Stream& stream, std::size_t tokens);
  void save_named(const Stream& stream);
  NewPrompt kept_prompt(const Stream& stream, std::size_t tokens) const;
  bool make_room(std::size_t cells);
  void evict(llama::SequenceId sequence);
  void erase(const std::vector<Stream*>& streams);
  std::size_t answers() const;
  void fail_all();
  void measure();

  const Options options_;
  const llama::Trust trust_;
  Rooms rooms_;
  Cells cells_;
  std::optional<Saver> saver_;
  policy::ReuseCosts costs_;
  std::deque<std::unique_ptr<Job>> waiting_;
  std::deque<StreamPtr> paused_;
  std::vector<StreamPtr> running_;
  std::vector<StreamPtr> forked_;  // become running after the step that forked them
  std::vector<llama::Context::Token> batch_;
  std::size_t loading_ = 0;
  std::uint64_t arrivals_ = 0;
  bool saving_ = false;  // the saver has more to copy
};

}  // namespace refrain::engine
