#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "kv/block.h"
#include "kv/chain.h"
#include "kv/fingerprint.h"
#include "kv/object.h"

/// The prompt-KV database. docs/design/kv.md tells how it works.
namespace refrain::kv {

enum class Durability : std::uint8_t {
  power_loss,  // what was acknowledged survives a power cut, as far as the device honours a flush
  process      // and kill -9 only
};

struct Options {
  std::string folder{};            // made if absent; one process at a time
  std::size_t block_tokens = 256;  // 16 to kBlockTokensMax; blocks of other sizes stay usable
  std::uint64_t memory_bytes_max = std::uint64_t{512} << 20U;  // blocks held in memory
  std::uint64_t disk_bytes_max = std::uint64_t{8} << 30U;      // files; the catalog comes on top
  std::uint64_t tenant_bytes_max = 0;  // named objects of one tenant; 0: only disk_bytes_max
  std::uint64_t object_bytes_max = std::uint64_t{4} << 30U;  // one object
  std::size_t blocks_max = 1'000'000;                        // in the index, about 1.5 KiB each
  std::size_t objects_max = 100'000;
  std::size_t versions_max = 8;  // of one name; the oldest unpinned ones go
  Durability durability = Durability::power_loss;

  /// Errors: invalid, with the field and its value.
  base::Result<> check() const;
};

struct Stats {
  std::uint64_t blocks = 0, objects = 0;
  std::uint64_t disk_bytes = 0, disk_bytes_max = 0;
  std::uint64_t memory_bytes = 0, memory_bytes_max = 0, memory_blocks = 0;
  std::uint64_t lookups = 0, lookup_tokens = 0, hit_tokens = 0;  // of find
  std::uint64_t loads_memory = 0, loads_disk = 0, load_bytes = 0;
  std::uint64_t blocks_written = 0, blocks_shared = 0, bytes_written = 0;
  std::uint64_t published = 0, refused_quota = 0, refused_size = 0, failed = 0;
  std::uint64_t evicted_blocks = 0, evicted_objects = 0, expired = 0, evicted_memory = 0;
  std::uint64_t corrupt = 0;  // blocks and objects that failed a check and were dropped
  std::uint64_t orphans = 0;  // files without a row, swept at start
  std::uint64_t lost = 0;     // rows without a file, dropped at start
};

/// One block of a match.
struct Found {
  base::Digest hash{};
  std::size_t first = 0;   // number of its first token in the prompt
  std::size_t tokens = 0;  // of the block
  std::size_t usable = 0;  // of them equal to the prompt's; less than tokens in the last one only
};

struct Shelf;  // what Store, Match and Draft share
class Hold;    // keeps blocks from eviction

/// The longest kept beginning of a prompt. While it lives its blocks stay. Movable; threads: one at
/// a time.
class Match {
 public:
  Match();
  Match(Match&&) noexcept;
  Match& operator=(Match&&) noexcept;
  ~Match();

  /// Tokens from the start of the prompt whose KV is kept; 0: none.
  std::size_t tokens() const noexcept;
  std::span<const Found> blocks() const noexcept { return blocks_; }

 private:
  friend class Store;
  std::vector<Found> blocks_;
  std::unique_ptr<Hold> hold_;
};

/// How to keep a prompt's KV.
struct NewPrompt {
  std::string tenant{};
  Fingerprint fingerprint{};
  std::vector<Token> tokens{};            // not empty
  std::vector<std::int32_t> positions{};  // empty: 0, 1, 2, ...
  Provenance provenance = Provenance::exact;
  std::vector<std::string> lineage{};
  std::string text{};
  std::vector<std::pair<std::string, std::string>> labels{};
  std::chrono::microseconds cost{0};  // of computing it; 0: unknown
  // Only with a name it becomes an object; without, its blocks are kept as long as they are worth
  // it.
  std::string name{};
  std::optional<std::chrono::milliseconds> ttl{};
  bool pinned = false;
};

/// A prompt's KV on its way in. What is kept already need not come again: write() is called for
/// each of wanted(), in order, then Store::publish. Nobody sees any of it before; destroyed without
/// publish, nothing remains. Threads: one at a time.
class Draft {
 public:
  struct Wanted {
    std::size_t first = 0;  // number of the first token
    std::size_t tokens = 0;
  };

  Draft(Draft&&) noexcept;
  Draft& operator=(Draft&&) noexcept;
  ~Draft();

  std::span<const Wanted> wanted() const noexcept;
  /// The rows of the next wanted block: one entry per layer, [tokens][row_bytes] as row_bytes() of
  /// the fingerprint says. Written to disk before it returns.
  /// Errors: invalid (sizes; more blocks than wanted), unavailable (disk full), io.
  base::Result<> write(std::span<const Rows> layers);

  struct State;  // of this room

 private:
  friend class Store;
  explicit Draft(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Bytes of an object as a file, read piece by piece while its blocks are held.
class Reading {
 public:
  virtual ~Reading() = default;
  virtual std::uint64_t size() const noexcept = 0;
  /// Fills `out` from `offset` on. Errors: invalid (beyond the end), corrupt, io.
  virtual base::Result<> read(std::uint64_t offset, std::span<char> out) = 0;
};

struct Layers {  // a closed range of layers
  std::uint32_t first = 0;
  std::uint32_t last = UINT32_MAX;
};

struct Opened {
  Description description{};
  std::unique_ptr<Reading> bytes{};
};

/// Which objects; empty fields match everything.
struct Query {
  std::string tenant{};     // always of one tenant
  std::string prefix{};     // of the name
  std::string after{};      // names behind this one
  std::size_t limit = 100;  // 1 to 1000
  bool all_versions = false;
};

/// Everything that is kept, for whoever checks it.
struct Contained {
  std::vector<Found> blocks{};  // parents before their children
  std::vector<Description> objects{};
};

/// How to keep a file that is a safetensors file (checked), as a named object. What has token ids
/// and a fingerprint in its metadata becomes blocks, so that prompts find it.
struct NewFile {
  std::string tenant{};
  std::string name{};
  std::string path{};  // within Store::incoming(); taken over on success
  std::optional<std::chrono::milliseconds> ttl{};
  bool pinned = false;
};

/// Threads: any, for all functions.
class Store {
 public:
  /// Takes the folder for this process, sweeps what a crash left behind, drops rows without files.
  /// Errors: invalid (options), conflict (another process holds the folder; its number), io,
  /// corrupt (the catalog is no database), unsupported (a catalog of a later version).
  static base::Result<std::unique_ptr<Store>> open(const Options& options,
                                                   const base::Clock& clock);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Options& options() const noexcept;

  // ---- prompts, by content

  /// The longest kept beginning of `prompt`, by whole blocks and a part of one more. Reads no disk.
  /// Counts as a use of the blocks. cost: a hash per block.
  Match find(const Space& space, std::span<const Token> prompt);
  /// A block of a match, from memory or disk, verified. A damaged one is dropped with all behind it
  /// and counted: then use what came before. Errors: corrupt, io, not_found, deadline, cancelled.
  base::Result<std::shared_ptr<const Block>> load(const base::Call& call, const Found& block);
  /// The keys or values of one layer of a block, tokens [first, first + count) of it, verified: for
  /// restoring layer by layer. Memory if the block is there, else that section from disk.
  struct Range {
    std::uint32_t layer = 0;
    Part part = Part::key;
    std::size_t first = 0, count = 0;
  };
  base::Result<std::string> read(const base::Call& call, const Found& block, const Range& range);

  /// Begins to keep a prompt. Blocks that are kept already are held, not wanted.
  /// Errors: invalid (name, tokens, fingerprint), too_large (object_bytes_max).
  base::Result<Draft> begin(NewPrompt prompt);
  /// All at once: whoever finds it finds it whole. Room is made first. nullopt: it has no name.
  /// Errors: invalid (blocks are missing), unavailable (quota of the tenant, budget, disk full),
  /// io, conflict (the name of a block is taken by other tokens).
  base::Result<std::optional<Description>> publish(const base::Call& call, Draft draft);
  /// Forgets what was kept without a name, of one space or (nullopt) of all: no prompt finds it,
  /// and unnamed drafts that began before are refused (cancelled). Blocks that named objects need
  /// stay, and serve prompts as before. A match that is held is read to its end. Durable, all or
  /// nothing. Returns how many blocks that were. Errors: io, unavailable.
  base::Result<std::size_t> forget(const std::optional<Space>& space);

  // ---- objects, by name

  /// The latest version, or that one. Counts as no use. nullopt: there is none.
  std::optional<Description> find(std::string_view tenant, std::string_view name,
                                  std::optional<std::uint64_t> version = std::nullopt);
  /// In the order of names, latest version first.
  std::vector<Description> list(const Query& query);
  /// Errors: not_found, corrupt.
  base::Result<Manifest> manifest(ObjectId id);
  /// As a safetensors file; `layers` leaves out the others. The bytes of a version never change.
  /// Counts as a use. Errors: not_found, corrupt, unsupported (types that safetensors lacks),
  /// invalid (no such layer).
  base::Result<Opened> open(const base::Call& call, ObjectId id, const Layers& layers);
  base::Result<Opened> open(const base::Call& call, ObjectId id);
  /// Where files for keep() are written by the caller; emptied at start.
  const std::string& incoming() const noexcept;
  /// Checks the file and keeps it under its name as a new version.
  /// Errors: invalid (name, no safetensors, shapes, a model that does not fit), too_large,
  /// unavailable (quota, budget, disk full), io.
  base::Result<Description> keep(const base::Call& call, const NewFile& file);
  /// Erases one version or all, with their bytes unless others share them. Returns how many.
  base::Result<std::size_t> erase(std::string_view tenant, std::string_view name,
                                  std::optional<std::uint64_t> version = std::nullopt);
  /// Pinned objects are not evicted and do not expire. Errors: not_found, io.
  base::Result<Description> pin(ObjectId id);
  base::Result<Description> unpin(ObjectId id);
  /// Not evicted until then; a shorter lease than there is changes nothing. Errors: not_found, io.
  base::Result<Description> lease(ObjectId id, std::chrono::milliseconds duration);

  /// KV of a model of this name must have this fingerprint's geometry: a file that says otherwise
  /// is refused. Called by whoever serves the model.
  void expect(const Fingerprint& fingerprint);

  /// Once a second or so: expiry, statistics to disk, budgets.
  void upkeep();
  /// Bytes that the tenant's named objects take.
  std::uint64_t tenant_bytes(std::string_view tenant) const;
  Stats stats() const;
  Contained contained() const;

 private:
  explicit Store(std::shared_ptr<Shelf> shelf);
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace refrain::kv
