#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kv/shelf.h"
#include "kv/store.h"

namespace refrain::kv {

/// A file in incoming/ that goes with this, unless it was given a name.
class Aside {
 public:
  explicit Aside(std::string path) : path_(std::move(path)) {}
  Aside(Aside&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Aside& operator=(Aside&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~Aside();
  const std::string& path() const noexcept { return path_; }
  void kept() { path_.clear(); }

 private:
  std::string path_;
};

/// A block on its way in.
struct NewBlock {
  base::Digest hash{};
  Node node{};
  Aside aside;
  std::shared_ptr<const Block> hot{};  // null when it is too much to keep in memory until then
};

struct Draft::State {
  explicit State(std::shared_ptr<Shelf> of);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::shared_ptr<Shelf> shelf;
  NewPrompt prompt{};
  ObjectId id = 0;         // of approximate KV: known before, as it is part of the names
  std::string header{};    // of the safetensors file it comes from
  base::Digest content{};  // of that file; zero: none
  std::uint64_t file_bytes = 0;
  base::Digest start{};    // the root of its space
  bool forgotten = false;  // with its space, since it began; under the index's lock
  base::Digest leaf{};     // the last block so far
  std::unique_ptr<Hold> hold{};
  std::vector<Wanted> wanted{};
  std::vector<NewBlock> blocks{};
  std::uint64_t new_bytes = 0, hot_bytes = 0;
  std::size_t shared = 0;
};

/// Publishes blocks with or without an object. On the writer's thread.
base::Result<std::optional<Description>> publish(Draft::State& draft);

/// What an object becomes a row and a name with. On the writer's thread.
/// Errors: unavailable (quota, objects_max).
base::Result<Named> new_object(Shelf& shelf, const std::string& tenant, const std::string& name,
                               std::uint64_t bytes, ObjectId id);
/// Erases the oldest versions of a name beyond versions_max. On the writer's thread.
void drop_old_versions(Shelf& shelf, const std::string& tenant, const std::string& name);

}  // namespace refrain::kv
