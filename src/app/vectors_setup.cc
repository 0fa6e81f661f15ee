#include "app/vectors_setup.h"

#include <fmt/format.h>

namespace refrain::app {
namespace {

milvus::Place place_of(const Config& config, const embed::Info& of) {
  milvus::Place place = *config.vectors;
  place.collection = milvus::collection_name(of.name(), of.dim);
  place.dim = of.dim;
  return place;
}

}  // namespace

base::Result<std::unique_ptr<milvus::Vectors>> open_vectors(const Config& config,
                                                            const embed::Info& of,
                                                            base::Clock& clock) {
  if (!config.vectors) return nullptr;
  TRY(client, milvus::open_client(place_of(config, of)));
  milvus::Vectors::Options options;
  options.dim = of.dim;
  options.embedder = of.name();
  return milvus::Vectors::open(std::move(options), std::move(client), clock);
}

base::Result<std::string> check_vectors(const Config& config, const embed::Info& of) {
  const milvus::Place place = place_of(config, of);
  TRY(client, milvus::open_client(place));
  const base::Call call{base::SystemClock().now() + std::chrono::seconds(10), {}, 0};
  base::Result<std::uint64_t> count = client->count(call);
  if (count) {
    return fmt::format("{} in {} at {}:{}", *count, place.collection, place.host, place.port);
  }
  if (count.error().code == base::Code::not_found) {
    return fmt::format("{}:{} has no {} yet: the first start makes it", place.host, place.port,
                       place.collection);
  }
  return base::fail(count.error().code,
                    fmt::format("{}:{}: {}; is that a Milvus server (--vectors)?", place.host,
                                place.port, count.error().what));
}

}  // namespace refrain::app
