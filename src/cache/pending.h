#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "chat/answer.h"
#include "key/identity.h"
#include "store/store.h"

namespace refrain::cache {

/// Records on their way to the disk: found by the tiers before the store has them. Threads: any.
class Pending {
 public:
  struct Item {
    std::shared_ptr<const store::Record> record;
    std::shared_ptr<const chat::Answer> answer;
    bool handed = false;  // the store has it in its queue
    bool doomed = false;  // forgotten before the store had it: it must not be written
  };
  void add(Item item);
  /// Takes the place of the record of that id. False if it was doomed: it is gone now.
  bool update(Item item);
  /// The caller gives the record to the store now. False if it was doomed: it is gone now.
  bool hand_over(key::EntryId id);
  /// What the store does not have yet will not be written.
  void doom(std::span<const key::EntryId> ids);
  std::vector<key::EntryId> matching(const store::Filter& filter) const;
  void remove(std::span<const key::EntryId> ids);
  Item find(key::EntryId id) const;  // empty if it is not on its way
  std::size_t size() const;

 private:
  base::Mutex<std::unordered_map<key::EntryId, Item>> items_;
};

}  // namespace refrain::cache
