#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/store.h"

/// What differs between databases: reading, and changing by transactions. Queues, groups, listeners
/// and statistics are QueuedStore's.
namespace refrain::store {

/// What one transaction changed.
struct Applied {
  std::vector<std::vector<EntryId>> ids;  // of the puts, batch by batch
  std::vector<EntryId> gone;              // records that are no more
  std::size_t inserted = 0;               // of them some may be in `gone`
  std::size_t evicted = 0;
  std::size_t corrupt = 0;
};

/// What other processes did to the records since the last look.
struct News {
  std::vector<EntryId> gone, put;
  bool lost = false;  // more happened than the database remembers: all that was built must be anew
};

/// How much there is now, of all who share the records.
struct Held {
  std::uint64_t records = 0, bytes = 0;
};

/// Reads. Every function reports ids whose bytes failed their checksum in `corrupt` and treats them
/// as absent; what is expired is read like the rest. Threads: any.
/// Errors: deadline, cancelled, busy, unavailable, io.
class Source {
 public:
  virtual ~Source() = default;
  virtual Result<std::optional<Record>> find(const Call& call, const Key& exact,
                                             std::string_view canonical,
                                             std::vector<EntryId>& corrupt) = 0;
  /// out[i] answers ids[i].
  virtual Result<std::vector<std::optional<Record>>> get(const Call& call,
                                                         std::span<const EntryId> ids,
                                                         Detail detail,
                                                         std::vector<EntryId>& corrupt) = 0;
  using Each = std::function<Result<bool>(Record&&)>;
  struct Walk {
    EntryId after = 0;
    Detail detail = Detail::head;
  };
  /// Hands over every readable record with a greater id, in order, until `each` returns false.
  virtual Result<> walk(const Call& call, const Walk& walk, std::vector<EntryId>& corrupt,
                        const Each& each) = 0;
};

/// Changes. Threads: one at a time, but held().
class Sink {
 public:
  virtual ~Sink() = default;
  /// One transaction, durable on return; on an error nothing is changed, unless the connection was
  /// lost at the very end. Puts have their ids; all given ids are below next_id.
  /// Errors: too_large, conflict, busy, unavailable, io, corrupt.
  virtual Result<Applied> apply(std::span<Batch* const> batches, std::span<const Touch> touches,
                                EntryId next_id) = 0;
  /// Erases up to a bounded number of expired records; an empty result means none are left.
  virtual Result<std::vector<EntryId>> purge() = 0;
  /// Gives back room that is not needed any more.
  virtual Result<> compact() = 0;
  /// Nothing where nobody else can write.
  virtual Result<News> news() = 0;
  /// The last call: no id from next_id on was given, so the next opening may begin there.
  virtual Result<> give_back(EntryId next_id) {
    (void)next_id;
    return {};
  }
  /// A group of batches larger than this is better split.
  virtual std::uint64_t group_bytes_max() const noexcept = 0;
  /// Threads: any.
  virtual Held held() const noexcept = 0;
};

}  // namespace refrain::store
