#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "base/metric.h"
#include "base/mutex.h"
#include "base/pool.h"
#include "index/space_index.h"
#include "index/spaces.h"
#include "milvus/client.h"

namespace refrain::milvus {

struct Stats {
  std::uint64_t sent = 0, erased = 0;      // acknowledged by the server
  std::uint64_t searches = 0, errors = 0;  // errors of all calls
  std::uint64_t skipped = 0;               // searches not sent: the server did not answer lately
  std::uint64_t refused = 0;               // changes for which there was no room
  std::uint64_t followed = 0;              // times that the records were gone through
  std::uint64_t waiting = 0;               // changes that are not acknowledged yet
  bool reachable = false;                  // the latest call was answered
};

/// The vectors of a collection as an index. Changes are kept here, and found here, until the server
/// has acknowledged them; so no writer waits for the network, and an outage costs only what the
/// server alone knows. The server's faults are errors of searches, which count as misses.
/// Threads: any.
class Vectors final : public index::SpaceIndex {
 public:
  struct Options {
    std::size_t dim = 0;
    std::string embedder{};            // name and revision
    std::size_t waiting_max = 20'000;  // changes; more are refused, and made good by follow()
    std::size_t batch_max = 500;       // changes of one call
    std::chrono::milliseconds call_max{10'000};  // of a call of the writer
    std::chrono::milliseconds pause{1'000};      // after `misses_max` searches without an answer
    std::size_t misses_max = 3;                  // in a row
  };

  /// Does not connect yet. client.dim is options.dim. Errors: those of Spaces::open.
  static base::Result<std::unique_ptr<Vectors>> open(Options options,
                                                     std::unique_ptr<Client> client,
                                                     base::Clock& clock);
  ~Vectors() override;

  /// Errors: invalid, busy (waiting_max).
  base::Result<> upsert(const key::Key& space, key::EntryId id,
                        std::span<const float> vector) override;
  /// Counts those that wait here; the server is not asked.
  std::size_t erase(std::span<const key::EntryId> ids) override;
  /// True: only the server knows.
  bool contains(const key::Key&) const override { return true; }
  base::Result<std::vector<index::Neighbour>> find_near(const base::Call& call,
                                                        const key::Key& space,
                                                        std::span<const float> query,
                                                        std::size_t k) const override;
  /// Adds what the server lacks, and removes what the records lack up to truth.settled().
  base::Result<> follow(const base::Call& call, index::Truth& truth) override;
  bool wants_truth() const override { return wants_truth_; }
  /// Tries again what was not acknowledged.
  std::size_t upkeep() override;
  /// entries: as the server counted them last, with those that wait here.
  index::SpaceIndex::Stats stats() const override;
  milvus::Stats milvus_stats() const;
  /// Waits until nothing waits, or a call fails.
  base::Result<> flush();
  /// Ends all calls of the writer and of follow(). What waits is sent after the next start, when
  /// the records are followed. Idempotent.
  void stop();

 private:
  struct Change {
    std::uint64_t number = 0;
    key::EntryId id = 0;
    key::Key space{};
    std::vector<float> vector{};  // empty: erase
  };
  struct State {
    std::deque<Change> queue;  // in order; the first ones are being sent
    std::unordered_map<key::EntryId, std::uint64_t> latest;  // id to the number of its last change
    std::uint64_t number = 0;
    std::size_t misses = 0;  // searches without an answer, in a row
    base::Instant silent_until{};
  };

  Vectors(Options options, std::unique_ptr<Client> client, std::unique_ptr<index::Spaces> unsent,
          base::Clock& clock);
  base::Result<> change(Change change);
  void call_writer();
  base::Result<bool> send_some();
  base::Result<> send(std::span<const Change> changes);
  void acknowledge(std::span<const Change> changes);
  base::Result<> open_collection();
  struct Range {
    key::EntryId above = 0, upto = 0;  // (above, upto]
    key::EntryId settled = 0;
  };
  base::Result<> put_right(std::span<const index::Truth::Row> rows, const Range& range);
  base::Result<> follow_pages(index::Truth& truth);
  base::Result<> collect_ids(key::EntryId above, key::EntryId upto,
                             std::vector<key::EntryId>& out) const;
  void note(const base::Result<>& done) const;
  void note_error(const base::Error& error) const;
  base::Call call_of_writer() const;

  const Options options_;
  const std::unique_ptr<Client> client_;
  base::Clock& clock_;
  const std::unique_ptr<index::Spaces> unsent_;  // what waits, so that it can be found
  mutable base::Mutex<State> state_;
  mutable std::atomic<bool> wants_truth_{true}, open_{false}, reachable_{false};
  std::atomic<bool> writing_{false};
  std::atomic<std::uint64_t> counted_{0};
  mutable base::Counter sent_, erased_, searches_, errors_, skipped_, refused_, followed_;
  mutable base::log::Occasionally fault_;
  std::mutex sending_;  // held for calls that change: their order is that of the changes
  std::stop_source stopping_;
  base::Pool writer_;  // last: its thread uses all of the above
};

}  // namespace refrain::milvus
