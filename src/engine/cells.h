#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "llama/context.h"

namespace refrain::engine {

/// What lies in the context's cells: which tokens each sequence holds, which cells are shared, and
/// which finished sequences are kept for prompts to come. A mirror without cells of its own: the
/// caller does to llama::Context what it says here. Threads: one at a time.
class Cells {
 public:
  struct Found {
    llama::SequenceId sequence = 0;
    std::size_t tokens = 0;
  };

  Cells(std::size_t cells, std::size_t sequences);

  /// A sequence that nobody uses, now running and empty; nullopt: none is free.
  /// realm  whose tokens these are; "" never meets anybody.
  std::optional<llama::SequenceId> open(std::string_view realm);
  /// The longest beginning of tokens that a sequence of the realm holds.
  std::optional<Found> find(std::string_view realm, std::span<const llama::TokenId> tokens) const;
  /// The first `tokens` of `from` belong to `to`, which is empty, as well.
  void share(llama::SequenceId from, llama::SequenceId to, std::size_t tokens);
  /// The sequence has these tokens more. They must fit into free().
  void grow(llama::SequenceId sequence, std::span<const llama::TokenId> tokens);
  void shrink(llama::SequenceId sequence, std::size_t tokens);
  /// The sequence runs no more but stays for others. Returns the sequences that are needed no more,
  /// as another kept one begins like them: the caller drops them.
  std::vector<llama::SequenceId> keep(llama::SequenceId sequence);
  void drop(llama::SequenceId sequence);
  /// A kept sequence was useful: it goes later.
  void touch(llama::SequenceId sequence);
  /// The kept sequence that was not useful for longest; nullopt: none is kept.
  std::optional<llama::SequenceId> oldest() const;

  std::span<const llama::TokenId> tokens(llama::SequenceId sequence) const;
  const std::string& realm(llama::SequenceId sequence) const { return at(sequence).realm; }
  /// Differs for every use of a sequence number: what was said of an earlier one is void.
  std::uint64_t epoch(llama::SequenceId sequence) const { return at(sequence).epoch; }
  std::size_t free() const noexcept { return holders_.size() - used_; }
  std::size_t used() const noexcept { return used_; }
  std::size_t kept() const noexcept;
  /// Cells that would become free if all kept sequences went.
  std::size_t reclaimable() const;

 private:
  enum class Use : std::uint8_t { free, running, kept };
  struct Sequence {
    Use use = Use::free;
    std::string realm;
    std::vector<llama::TokenId> tokens;
    std::vector<std::uint32_t> cells;
    std::uint64_t used = 0, epoch = 0;
  };
  Sequence& at(llama::SequenceId id) { return sequences_[static_cast<std::size_t>(id)]; }
  const Sequence& at(llama::SequenceId id) const {
    return sequences_[static_cast<std::size_t>(id)];
  }
  void release(std::uint32_t cell);
  static bool begins(const Sequence& shorter, const Sequence& longer);

  std::vector<Sequence> sequences_;
  std::vector<std::uint32_t> holders_;  // of each cell: sequences that hold it
  std::vector<std::uint32_t> free_;
  std::size_t used_ = 0;
  std::uint64_t ticks_ = 0;
};

}  // namespace refrain::engine
