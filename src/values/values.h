#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/pool.h"
#include "base/result.h"
#include "values/writer.h"

/// Opaque values by namespace and key, from memory, then disk. docs/design/values.md tells how.
namespace refrain::values {

enum class Sync : std::uint8_t {
  never,        // the kernel writes when it likes: kill -9 loses nothing, a power cut the latest
  every_second  // a power cut loses a second
};

struct Options {
  std::string folder;  // "" keeps nothing beyond the process, and nothing beyond memory_max
  std::uint64_t memory_max = std::uint64_t{1} << 30;  // values in memory, mapped files included
  std::uint64_t disk_max = std::uint64_t{32} << 30;   // files
  std::uint64_t value_max = std::uint64_t{8} << 30;   // one value
  std::uint64_t small_max = std::uint64_t{64} << 10;  // larger ones have a file of their own
  std::uint64_t key_max = std::uint64_t{64} << 10;
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;  // of the log
  Sync sync = Sync::never;
  std::string policy = "s3fifo";  // of both tiers; one of policy::eviction_names()
  std::function<int(int fd, std::uint64_t bytes)> allocate{};  // tests: a full disk

  /// Errors: invalid, with the field and its value.
  base::Result<> check() const;
};

struct Stats {
  std::string policy;
  std::uint64_t keys = 0, memory_bytes = 0, mapped_bytes = 0, disk_bytes = 0;
  std::uint64_t log_bytes = 0, log_live_bytes = 0, pool_bytes = 0;
  std::uint64_t finds = 0, hits = 0, misses = 0, cold = 0;  // cold: hits that had to be read
  std::uint64_t puts = 0, erased = 0, expired = 0;
  std::uint64_t evicted_memory = 0, evicted_disk = 0;  // left memory; left for good
  std::uint64_t corrupt = 0, errors = 0, recopied_bytes = 0;
};

/// A value as it was when it was found: it can be read to its end whatever happens to its key.
struct Found {
  std::uint64_t bytes = 0;
  std::optional<base::WallTime> expires{};
  // For Reading.
  std::string space{}, key{};
  Place place{};
  std::shared_ptr<Segment> segment{};  // of a small value that is not in memory
  std::shared_ptr<const std::string> blob{};
  std::shared_ptr<LargeFile> file{};
  std::shared_ptr<Mapping> mapping{};
};

/// What EXISTS, STRLEN and TTL ask for; no use of the value.
struct Facts {
  std::uint64_t bytes = 0;
  std::optional<base::WallTime> expires{};
};

enum class Only : std::uint8_t { always, absent, present };
enum class Life : std::uint8_t { given, kept };  // kept: the end of life of the value before

struct Put {
  std::string_view space{}, key{};
  Only only = Only::always;
  Life life = Life::given;
  std::optional<base::WallTime> expires{};
};

struct Outcome {
  bool stored = false;
  std::optional<Found> before{};  // the value that was there, stored or not
};

struct Keys {
  std::vector<std::string> keys;
  std::uint64_t next = 0;  // where to go on; 0: that was all
};

/// Threads: any function, any thread. Nothing but open() and upkeep() waits for the disk to read;
/// writing may wait while the kernel has too many dirty pages.
class Values {
 public:
  /// Takes the folder, reads its log. `work` must outlive it and reads what is not in memory.
  /// Errors: invalid (options), conflict (folder in use), io.
  static base::Result<std::unique_ptr<Values>> open(Options options, base::Pool& work,
                                                    base::Clock& clock);
  ~Values();
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  /// Counts as a use.
  std::optional<Found> find(std::string_view space, std::string_view key);
  std::optional<Facts> facts(std::string_view space, std::string_view key);

  /// Replaces atomically: others see the value before or this one. On return the value survives
  /// the end of the process. Errors: too_large, io (no room on the disk).
  base::Result<Outcome> put(const Put& put, std::string_view value);
  /// Begins a value of `bytes` bytes. Errors: too_large (over value_max or the disk budget), io.
  base::Result<std::unique_ptr<Writer>> begin(std::uint64_t bytes);
  /// Publishes a whole one. Errors: io.
  base::Result<Outcome> put(const Put& put, std::unique_ptr<Writer> writer);

  /// Removes one key and returns what it had; nullopt: it was not there. Errors: io.
  base::Result<std::optional<Found>> take(std::string_view space, std::string_view key);
  /// nullopt as end of life: for ever. False: no such key. Errors: io.
  base::Result<bool> expire(std::string_view space, std::string_view key,
                            std::optional<base::WallTime> when);
  /// About `limit` keys from `cursor` on (0 begins). A key that is there from the first page to the
  /// last is given exactly once.
  Keys scan(std::string_view space, std::uint64_t cursor, std::size_t limit);
  std::uint64_t count(std::string_view space);
  /// Removes all keys of a space; returns how many. Errors: io.
  base::Result<std::uint64_t> flush(std::string_view space);

  /// Once a second or so: ends of life, cleaning of the log, flushing to the device.
  void upkeep();
  Stats stats() const;
  const Options& options() const noexcept;

  struct Impl;  // tiers.h; Reading goes there too

 private:
  friend class Reading;
  explicit Values(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace refrain::values
