#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/call.h"
#include "index/vector_index.h"

namespace refrain::milvus {

/// Where the vectors are and what they are.
struct Place {
  std::string host = "127.0.0.1";
  std::uint16_t port = 19530;
  std::string collection;  // letters, digits, _
  std::size_t dim = 0;
  std::string key;  // "user:password" or a token; "" sends none. Never logged
  /// Errors: invalid, with the field and its value.
  base::Result<> check() const;
};

/// "milvus://HOST:PORT" or "milvus://HOST" (19530). Errors: invalid.
base::Result<Place> parse_place(std::string_view url);

/// Vectors of one embedder have a collection of their own, so two never meet in one.
std::string collection_name(std::string_view embedder, std::size_t dim);

struct Row {
  key::Key space{};
  key::EntryId id = 0;  // below 2^63: Milvus's own ids are signed
  std::span<const float> vector{};
};

struct Found {
  std::string version;  // of the server
  bool made = false;    // the collection was not there
};

/// One collection of a Milvus server. Each call is one or a few exchanges over the network and ends
/// by its deadline. Threads: any.
/// Errors: unavailable (no connection, or going down), deadline, not_found (the collection is
/// gone: open_collection() makes it), invalid (it has another shape), internal (what Milvus says).
class Client {
 public:
  virtual ~Client() = default;
  /// Makes the collection, its index, and loads it, as far as that is not done.
  virtual base::Result<Found> open_collection(const base::Call& call) = 0;
  /// Adds or replaces by id.
  virtual base::Result<> upsert(const base::Call& call, std::span<const Row> rows) = 0;
  /// Unknown ids are no error.
  virtual base::Result<> erase(const base::Call& call, std::span<const key::EntryId> ids) = 0;
  /// As SpaceIndex::find_near.
  virtual base::Result<std::vector<index::Neighbour>> search(const base::Call& call,
                                                             const key::Key& space,
                                                             std::span<const float> query,
                                                             std::size_t k) = 0;
  /// Up to `limit` of the ids in (above, upto], in no order. At most kIdsMax are possible.
  static constexpr std::size_t kIdsMax = 16'384;
  virtual base::Result<std::vector<key::EntryId>> ids(const base::Call& call, key::EntryId above,
                                                      key::EntryId upto, std::size_t limit) = 0;
  virtual base::Result<std::uint64_t> count(const base::Call& call) = 0;
  /// Drops the collection with all that is in it.
  virtual base::Result<> drop(const base::Call& call) = 0;
};

/// Whether this build can speak to Milvus (-DREFRAIN_MILVUS=ON).
bool built_in() noexcept;

/// Connects when it is first used. Errors: invalid (Place::check), unsupported (not built in).
base::Result<std::unique_ptr<Client>> open_client(const Place& place);

}  // namespace refrain::milvus
