#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "answers/question.h"
#include "base/mutex.h"
#include "cache/cache.h"
#include "picture/grey.h"

namespace refrain::answers {

/// What an image is known by.
struct Picture {
  std::string content;                   // SHA-256 of its bytes
  std::optional<std::uint64_t> looks{};  // perceptual hash; absent: no format that can be decoded
  bool operator==(const Picture&) const = default;
};

/// The images of each collection, so that one that was scaled or saved anew is found by its looks.
/// It is built from tags of the stored entries, and holds numbers only. Threads: any.
class Pictures {
 public:
  struct Options {
    int distance_max = 6;                  // bits of 64 in which the same image may differ
    std::size_t pictures_max = 1'000'000;  // more are known by their bytes alone
    picture::DecodeLimits decode{};
    base::Result<> check() const;
  };

  explicit Pictures(Options options) : options_(options) {}

  /// Decodes. Cost: milliseconds for each million pixels.
  Picture look_at(std::string_view bytes) const;
  void add(const Collection& collection, const Picture& picture);
  /// Contents of up to `limit` other images that look the same, nearest first.
  std::vector<std::string> alike(const Collection& collection, const Picture& picture,
                                 std::size_t limit) const;
  void forget(const Collection& collection);
  std::size_t size() const;
  /// Adds the images of all stored entries of that kind. Errors: those of the store's scan.
  base::Result<> load(const base::Call& call, cache::Cache& cache, const std::string& kind);

 private:
  struct Known {
    std::uint64_t looks;
    std::string content;
  };
  struct State {
    std::unordered_map<std::string, std::vector<Known>> collections;
    std::size_t count = 0;
  };
  const Options options_;
  base::Mutex<State> state_;
};

/// The tag of an entry that says what its image looks like; "" without looks. And back.
std::string tag_of(const Picture& picture);
std::optional<Picture> picture_of(std::string_view tag);

}  // namespace refrain::answers
