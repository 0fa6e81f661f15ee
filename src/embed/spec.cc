#include "embed/spec.h"

#include <fmt/format.h>

#include "embed/gguf_embedder.h"
#include "embed/http_embedder.h"
#include "embed/table_embedder.h"

namespace refrain::embed {
namespace {

base::Result<std::unique_ptr<Embedder>> open_gguf(std::string file, std::size_t contexts) {
  GgufEmbedder::Options options;
  options.file = std::move(file);
  options.encoders = contexts;
  TRY(embedder, GgufEmbedder::open(options));
  return std::unique_ptr<Embedder>(std::move(embedder));
}

}  // namespace

base::Result<std::unique_ptr<Embedder>> open_embedder(std::string_view spec,
                                                      const SpecOptions& options) {
  if (spec == "off") return std::unique_ptr<Embedder>();
  if (spec == "minilm") return open_gguf(options.minilm_file, options.contexts);
  if (spec.starts_with("gguf:")) return open_gguf(std::string(spec.substr(5)), options.contexts);
  if (spec.starts_with("table:")) {
    TRY(table, TableEmbedder::open(std::string(spec.substr(6))));
    return std::unique_ptr<Embedder>(std::move(table));
  }
  if (spec.starts_with("http:") && options.client) {
    // "http:URL", where the URL has a scheme of its own, or is one itself: "http://host/v1".
    std::string_view url = spec.substr(5);
    if (url.starts_with("//")) url = spec;
    return std::unique_ptr<Embedder>(
        std::make_unique<HttpEmbedder>(HttpEmbedder::Options{std::string(url)}, *options.client));
  }
  return base::fail(base::Code::invalid,
                    fmt::format("embedder '{}' is unknown: minilm, gguf:FILE, http:URL, table:FILE "
                                "and off are allowed",
                                spec));
}

}  // namespace refrain::embed
