#pragma once

#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "store/backend.h"

/// How processes that share a database tell each other what they changed (docs/formats/store.md).
/// Every transaction takes the next number of one sequence and leaves a note under it, so that a
/// reader who sees a gap knows that it missed something.
namespace refrain::store::changes {

/// Ids as bytes: differences as varints, ascending.
std::string pack(std::vector<EntryId> ids);
/// Errors: corrupt.
Result<std::vector<EntryId>> unpack(std::string_view bytes);

/// One transaction, as read.
struct Note {
  std::uint64_t sequence = 0;
  std::string put, gone;  // packed
};

/// Where this process is in the sequence. Threads: one at a time.
class Follower {
 public:
  explicit Follower(std::uint64_t sequence) : seen_(sequence) {}

  /// A transaction of our own: its note is no news.
  void own(std::uint64_t sequence) { own_.insert(sequence); }
  std::uint64_t seen() const noexcept { return seen_; }
  /// Takes notes with a sequence > seen(), in order. `now`: the sequence as it was before they were
  /// read. Leaves seen() at the last one.
  News read(std::span<const Note> notes, std::uint64_t now);

 private:
  std::uint64_t seen_;
  std::unordered_set<std::uint64_t> own_;
};

}  // namespace refrain::store::changes
