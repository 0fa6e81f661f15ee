#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "kv/block.h"
#include "kv/object.h"
#include "kv/store.h"

namespace refrain::kv {

/// The files of a store. Blocks lie under blocks/, whole files of objects under files/, both in 256
/// folders; what is on its way under incoming/. Threads: any.
class Folder {
 public:
  /// Makes the folders, empties incoming/. Errors: io.
  static base::Result<Folder> open(const std::string& path, Durability durability);

  const std::string& incoming() const noexcept { return incoming_; }
  std::string block_path(const base::Digest& hash) const;
  std::string file_path(ObjectId id) const;

  /// Writes bytes under a name in incoming/ that nobody else has; returns its path. When it returns
  /// they are as safe as the durability asks. Errors: unavailable (disk full), io.
  base::Result<std::string> put_aside(std::string_view bytes);
  /// Makes what lies at `path` the block or file of that name. Durable after settle(). Errors: io.
  base::Result<> keep_block(const std::string& path, const base::Digest& hash);
  base::Result<> keep_file(const std::string& path, ObjectId id);
  /// Returns when all names given so far survive what the durability asks. Errors: io.
  base::Result<> settle(const base::Digest& hash);
  base::Result<> settle(ObjectId id);

  /// Errors: not_found, corrupt, io, unsupported.
  base::Result<std::string> read_block(const base::Digest& hash) const;
  base::Result<BlockHead> read_head(const base::Digest& hash) const;
  /// Missing files are no error: what should be gone is gone.
  void drop_block(const base::Digest& hash);
  void drop_file(ObjectId id);

  /// Calls `keep(hash, bytes)` for each block file and `keep(id, bytes)` for each file; those it
  /// answers with false are removed. Returns how many. Errors: io.
  struct Keep {
    std::function<bool(const base::Digest&, std::uint64_t)> block;
    std::function<bool(ObjectId, std::uint64_t)> file;
  };
  base::Result<std::uint64_t> sweep(const Keep& keep);

 private:
  Folder(std::string path, Durability durability);
  std::string path_, incoming_;
  Durability durability_;
};

}  // namespace refrain::kv
