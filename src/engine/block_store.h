#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "llama/rows.h"
#include "policy/reuse_plan.h"

namespace refrain::engine {

using TokenId = std::int32_t;

/// Tokens [first, first + tokens) of a prompt.
struct Span {
  std::size_t first = 0, tokens = 0;
  bool operator==(const Span&) const = default;
};

/// A block that a prompt begins like.
struct Piece {
  Span span{};             // of the block; its rows are as many
  std::size_t usable = 0;  // of them equal to the prompt's; less only in the last piece
  policy::Source source = policy::Source::memory;
};

/// The longest kept beginning of a prompt. While it lives its blocks stay.
class Match {
 public:
  virtual ~Match() = default;
  /// In order, without gap, from token 0 on.
  virtual std::span<const Piece> pieces() const noexcept = 0;
};

/// Rows on their way in: write() for each of wanted(), in order, then publish(). Nobody sees any of
/// it before. Threads: one at a time.
class Draft {
 public:
  virtual ~Draft() = default;
  /// What is not kept yet.
  virtual std::span<const Span> wanted() const noexcept = 0;
  virtual base::Result<> write(std::shared_ptr<const llama::Rows> rows) = 0;
  virtual base::Result<> publish(const base::Call& call) = 0;
};

struct NewPrompt {
  std::string realm{};  // whose it is; never shared with another
  std::vector<TokenId> tokens{};
  std::chrono::microseconds cost{0};  // of computing all of it
  std::string name{};                 // becomes an object of that name; "": blocks alone
  std::string text{};                 // of an object
};

struct BlockStats {
  std::uint64_t blocks = 0, bytes = 0, bytes_max = 0;
  std::uint64_t finds = 0, found_tokens = 0;
  std::uint64_t written = 0, evicted = 0, failed = 0;
};

/// Keeps rows of one model, by blocks of tokens that follow from the first token on, outside the
/// context. Threads: any, for all functions; none is called by the model thread but find().
class BlockStore {
 public:
  virtual ~BlockStore() = default;
  /// Reads no disk. Null: nothing is kept of that beginning.
  virtual std::unique_ptr<Match> find(std::string_view realm, std::span<const TokenId> tokens) = 0;
  /// Rows of one piece; may read the disk. Errors: corrupt, io, not_found, deadline, cancelled:
  /// then what comes before the piece is still good.
  virtual base::Result<std::shared_ptr<const llama::Rows>> load(const base::Call& call,
                                                                const Match& match,
                                                                std::size_t piece) = 0;
  /// Errors: too_large, unavailable, invalid (name), unsupported (this store has no names).
  virtual base::Result<std::unique_ptr<Draft>> begin(NewPrompt prompt) = 0;
  /// Forgets a realm's blocks, and drafts that began before; "": all. Durable. Errors: io,
  /// unavailable.
  virtual base::Result<> clear(std::string_view realm) = 0;
  virtual BlockStats stats() const = 0;
};

}  // namespace refrain::engine
