#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "values/mapping.h"
#include "values/segment.h"

namespace refrain::values {

class LargeFiles;

/// The file of one large value: its bytes, and nothing else. Once written it does not change; when
/// the last one who knows it lets go of it and it was retired, its file is used again or removed.
/// Threads: any, once it is written.
class LargeFile {
 public:
  ~LargeFile();
  LargeFile(const LargeFile&) = delete;
  LargeFile& operator=(const LargeFile&) = delete;

  std::uint64_t number() const noexcept { return number_; }
  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t capacity() const noexcept { return capacity_; }
  /// XXH3-64 of each piece.
  const std::vector<std::uint64_t>& pieces() const noexcept { return pieces_; }
  /// A descriptor of its own for each reader. Errors: io.
  base::Result<Descriptor> open() const;
  /// The file as memory. Errors: io.
  base::Result<std::shared_ptr<Mapping>> map() const;
  /// Nobody will find it any more.
  void retire(std::shared_ptr<Mapping> mapping);
  void set_pieces(std::vector<std::uint64_t> pieces) { pieces_ = std::move(pieces); }

 private:
  friend class LargeFiles;
  LargeFile(std::shared_ptr<LargeFiles> files, std::uint64_t number, std::uint64_t bytes)
      : files_(std::move(files)), number_(number), bytes_(bytes) {}

  std::shared_ptr<LargeFiles> files_;
  std::uint64_t number_, bytes_, capacity_ = 0;
  std::vector<std::uint64_t> pieces_;
  std::atomic<bool> retired_{false};
  base::Mutex<std::shared_ptr<Mapping>> last_mapping_;
};

/// Makes files of large values, uses them again, and removes them. Files that nobody needs are kept
/// with their pages, up to a bound: the next value of the same size class then needs no new ones,
/// which are half of the cost of receiving it.
/// Threads: any.
class LargeFiles : public std::enable_shared_from_this<LargeFiles> {
 public:
  struct Made {
    std::shared_ptr<LargeFile> file;
    std::shared_ptr<Mapping> mapping;  // null unless asked for
    Descriptor opened;                 // for writing; none when nothing is kept on the disk
  };
  enum class Use : std::uint8_t { mapped, unmapped };

  LargeFiles(Disk& disk, std::uint64_t pool_max) : disk_(disk), pool_max_(pool_max) {}
  /// For `bytes` bytes, not retired yet. Errors: io.
  base::Result<Made> make(std::uint64_t bytes, Use use);
  /// kPieceBytes for a value on its way in. Those that were given back are used again: a new one
  /// costs its page faults, more than the copy into it.
  std::unique_ptr<char[]> take_buffer();
  void give_buffer(std::unique_ptr<char[]> buffer);
  /// A file of a former life. Errors: io, corrupt (absent, or too short).
  base::Result<std::shared_ptr<LargeFile>> adopt(std::uint64_t number, std::uint64_t bytes);
  /// Removes the files in the folder that nobody adopted.
  void remove_strangers();
  /// Removes the files that are kept for use.
  void drop_pool();
  /// Bytes on the disk: of files in use, and of those that are kept.
  std::uint64_t used_bytes() const noexcept { return used_.load(); }
  std::uint64_t pool_bytes() const;

 private:
  friend class LargeFile;
  struct Idle {
    std::uint64_t number = 0, capacity = 0;
    std::shared_ptr<Mapping> mapping;
  };
  struct State {
    std::uint64_t next = 1, pool_bytes = 0;
    std::vector<Idle> pool;
    std::unordered_set<std::uint64_t> adopted;
  };
  std::string path(std::uint64_t number) const;
  bool take_idle(LargeFile& file, Use use, Made& made);
  base::Result<Descriptor> create(const LargeFile& file) const;
  void let_go(LargeFile& file);

  Disk& disk_;
  std::uint64_t pool_max_;
  std::atomic<std::uint64_t> used_{0};
  base::Mutex<State> state_;
  base::Mutex<std::vector<std::unique_ptr<char[]>>> buffers_;
};

/// Sizes are rounded up by an eighth at most, so that a file fits the next value of about its size.
std::uint64_t capacity_for(std::uint64_t bytes) noexcept;

}  // namespace refrain::values
