#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

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
  };
  void add(Item item);
  void remove(std::span<const key::EntryId> ids);
  Item find(key::EntryId id) const;  // empty if it is not on its way
  std::size_t size() const;

 private:
  base::Mutex<std::unordered_map<key::EntryId, Item>> items_;
};

}  // namespace refrain::cache
