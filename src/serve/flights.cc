#include "serve/flights.h"

namespace refrain::serve {

Flights::Joined Flights::join(const key::Key& key, const std::string& canonical,
                              std::size_t bytes_max) {
  return shard(key).with([&](Table& table) {
    auto found = table.find(key);
    // A flight that everybody left is landing; a digest that two texts share is nobody's to join.
    if (found != table.end() && found->second.canonical == canonical &&
        found->second.flight->try_join()) {
      return Joined{found->second.flight, false};
    }
    auto flight = std::make_shared<chat::Flight>(bytes_max);
    flight->join();
    if (found == table.end() || found->second.canonical == canonical) {
      table.insert_or_assign(key, Listed{canonical, flight});
    }
    return Joined{std::move(flight), true};
  });
}

void Flights::remove(const key::Key& key, const chat::Flight* flight) {
  shard(key).with([&](Table& table) {
    auto found = table.find(key);
    if (found != table.end() && found->second.flight.get() == flight) table.erase(found);
  });
}

std::size_t Flights::size() const {
  std::size_t sum = 0;
  for (const auto& shard : shards_)
    sum += shard.with([](const Table& table) { return table.size(); });
  return sum;
}

}  // namespace refrain::serve
