#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "disk/sqlite.h"
#include "kv/names.h"
#include "kv/object.h"
#include "kv/store.h"
#include "kv/tree.h"

namespace refrain::kv {

/// What one transaction changes.
struct Change {
  struct Block {
    base::Digest hash{};
    const Node* node = nullptr;
  };
  struct Object {
    const Named* object = nullptr;
    std::string_view manifest{};  // encoded
  };
  std::vector<Block> add_blocks{};
  std::vector<Block> touch_blocks{};  // loose, hits, used
  std::vector<base::Digest> drop_blocks{};
  std::vector<Object> add_objects{};
  std::vector<const Named*> touch_objects{};  // expires, pinned, leased, hits, used
  std::vector<ObjectId> drop_objects{};
};

/// The rows behind the tree and the names: an SQLite file. docs/formats/kv_object.md has the
/// tables. Threads: one at a time.
class Catalog {
 public:
  /// Makes the file, or brings it up. Errors: io, corrupt, unsupported (a later version).
  static base::Result<std::unique_ptr<Catalog>> open(const std::string& path,
                                                     Durability durability);

  struct Rows {
    std::vector<std::pair<base::Digest, Node>> blocks{};  // parents before their children
    std::vector<Named> objects{};
    std::uint64_t corrupt = 0;  // rows that fail a check, left out
    ObjectId next_id = 1;       // no object had this id or a higher one
  };
  base::Result<Rows> read();
  /// The bytes of a manifest. Errors: not_found.
  base::Result<std::string> manifest(ObjectId id);
  /// One transaction; on an error nothing is changed. Errors: unavailable (disk full), io.
  base::Result<> apply(const Change& change);

 private:
  explicit Catalog(std::unique_ptr<disk::sqlite::Connection> connection)
      : connection_(std::move(connection)) {}
  base::Result<> write(const Change& change);
  base::Result<> add(const Change::Block& block);
  base::Result<> add(const Change::Object& object);

  std::unique_ptr<disk::sqlite::Connection> connection_;
};

}  // namespace refrain::kv
