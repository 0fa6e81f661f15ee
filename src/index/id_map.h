#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "key/identity.h"

namespace refrain::index {

/// Entry ids to small values by open addressing: one allocation, 16 bytes a place for a 32-bit
/// value, where std::unordered_map takes 40 and more. Linear probing; erase moves the followers
/// back (Knuth 6.4 algorithm R), so no place is ever wasted on a mark. Id 0 marks an empty place.
/// Threads: none of its own.
template <class Value>
class IdMap {
 public:
  const Value* find(key::EntryId id) const noexcept {
    if (places_.empty()) {
      return nullptr;
    }
    const Place& place = places_[seek(id)];
    return place.id == id ? &place.value : nullptr;
  }
  /// id  not 0.
  void set(key::EntryId id, Value value) {
    if ((size_ + 1) * 4 > places_.size() * 3) {
      resize(places_.empty() ? 2 : places_.size() * 2);
    }
    Place& place = places_[seek(id)];
    size_ += place.id == id ? 0U : 1U;
    place = {id, value};
  }
  bool erase(key::EntryId id) noexcept {
    if (places_.empty()) {
      return false;
    }
    std::size_t hole = seek(id);
    if (places_[hole].id != id) {
      return false;
    }
    for (std::size_t at = after(hole); places_[at].id != 0; at = after(at)) {
      // The entry may fill the hole if the hole lies on its way from home.
      const std::size_t mask = places_.size() - 1;
      if (((at - home(places_[at].id)) & mask) >= ((at - hole) & mask)) {
        places_[hole] = places_[at];
        hole = at;
      }
    }
    places_[hole] = {};
    --size_;
    return true;
  }
  void reserve(std::size_t size) {
    std::size_t places = 2;
    while (size * 4 > places * 3) {
      places *= 2;
    }
    if (places > places_.size()) {
      resize(places);
    }
  }
  void clear() noexcept {
    places_ = {};
    size_ = 0;
  }
  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return places_.size() * sizeof(Place); }

 private:
  struct Place {
    key::EntryId id = 0;
    Value value{};
  };
  std::size_t home(key::EntryId id) const noexcept {
    // Ids are given in a row; the multiplication spreads them, the high half is the good one.
    return static_cast<std::size_t>((id * 0x9E3779B97F4A7C15ULL) >> 32) & (places_.size() - 1);
  }
  std::size_t after(std::size_t at) const noexcept { return (at + 1) & (places_.size() - 1); }
  std::size_t seek(key::EntryId id) const noexcept {
    std::size_t at = home(id);
    while (places_[at].id != id && places_[at].id != 0) {
      at = after(at);
    }
    return at;
  }
  void resize(std::size_t places) {
    std::vector<Place> before(places);
    before.swap(places_);
    for (const Place& place : before) {
      if (place.id != 0) {
        places_[seek(place.id)] = place;
      }
    }
  }

  std::vector<Place> places_;  // a power of two, at most three quarters full
  std::size_t size_ = 0;
};

}  // namespace refrain::index
