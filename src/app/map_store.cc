#include "app/map_store.h"

#include <utility>

#include "base/log.h"
#include "store/map_file.h"

namespace refrain::app {

base::Result<std::unique_ptr<store::Store>> open_map(const store::Options& options,
                                                     const base::Clock& clock,
                                                     const std::string& file) {
  auto store = std::make_unique<store::MemoryStore>(options, clock);
  base::Result<std::size_t> loaded = store::load_map({}, *store, file);
  if (!loaded && loaded.error().code == base::Code::not_found) {
    TRY_DO(store::save_map({}, *store, file));
    loaded = std::size_t{0};
  }
  if (!loaded) return std::unexpected(loaded.error());
  base::log::info("map loaded", {{"file", file}, {"entries", *loaded}});
  return std::unique_ptr<store::Store>(std::move(store));
}

void close_map(store::Store& store, const std::string& file) {
  if (const base::Result<> saved = store::save_map({}, store, file); !saved) {
    base::log::error("the map was not kept", {{"file", file}, {"what", saved.error().what}});
    return;
  }
  base::log::info("map kept", {{"file", file}, {"entries", store.stats().records}});
}

}  // namespace refrain::app
