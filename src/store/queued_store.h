#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "base/metric.h"
#include "base/pool.h"
#include "store/backend.h"
#include "store/store.h"

namespace refrain::store {

/// A Store over a database: reads run on the caller's thread, writes on one thread that commits
/// together what waits together. Threads: any.
class QueuedStore final : public Store {
 public:
  struct Parts {
    std::string label;     // what log lines call it: a path or an address
    EntryId first_id = 1;  // ids below were given before
    std::unique_ptr<Source> source;
    std::unique_ptr<Sink> sink;  // destroyed before the source
  };
  /// options.check() holds. `clock` outlives the store.
  QueuedStore(Options options, const base::Clock& clock, Parts parts);
  /// Writes what is queued, then ends the thread.
  ~QueuedStore() override;

  Result<std::optional<Record>> find(const Call& call, const Key& exact,
                                     std::string_view canonical) override;
  Result<std::vector<std::optional<Record>>> get(const Call& call,
                                                 std::span<const EntryId> ids) override;
  void write(Batch batch, Done done) override;
  Result<Page> scan(const Call& call, const Scan& scan) override;
  void touch(std::span<const Touch> touches) override;
  Result<std::size_t> upkeep(const Call& call) override;
  Stats stats() const noexcept override;

 private:
  struct Waiting {
    Batch batch;
    Done done;
    std::uint64_t bytes = 0;
  };
  struct Queue {
    std::deque<Waiting> waiting;
    std::uint64_t bytes = 0;
    bool scheduled = false;
  };
  using Touches = std::unordered_map<EntryId, Touch>;

  void schedule();
  void write_group();
  std::vector<Waiting> take_group();
  Result<> write_together(std::vector<Waiting>& group, std::span<const Touch> touches);
  std::vector<Touch> take_touches(std::size_t at_least);
  Result<std::size_t> upkeep_now();
  Result<> follow_others();
  Result<> walk_ids(const Call& call, const Scan& scan, std::vector<EntryId>& corrupt,
                    const Source::Each& each);
  void count(const Applied& applied);
  void drop(const std::vector<EntryId>& corrupt);

  const Options options_;
  const base::Clock& clock_;
  Parts parts_;  // the sink is used on the thread only, but for held()
  base::Mutex<Queue> queue_;
  base::Mutex<Touches> touches_;
  base::Counter commits_, written_, evicted_, expired_, corrupt_, refused_, failed_;
  base::Counter touches_dropped_;
  base::log::Occasionally fault_;
  base::Pool thread_;  // last, so that it ends first
};

/// A QueuedStore on a server's records. `sink` is not opened yet. Errors: the sink's, labelled.
template <class OpenedSink>
Result<std::unique_ptr<Store>> open_queued(const Options& options, const base::Clock& clock,
                                           std::string label, std::unique_ptr<Source> source,
                                           std::unique_ptr<OpenedSink> sink) {
  Result<EntryId> first = sink->open();
  if (!first) {
    return base::fail(first.error().code,
                      fmt::format("store {}: {}", label, first.error().what));
  }
  QueuedStore::Parts parts{std::move(label), *first, std::move(source), std::move(sink)};
  return std::make_unique<QueuedStore>(options, clock, std::move(parts));
}

}  // namespace refrain::store
