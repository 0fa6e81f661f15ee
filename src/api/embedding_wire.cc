#include "api/embedding_wire.h"

#include <utility>

#include "wire/embeddings.h"

namespace refrain::api {

serve::EmbeddingWire embedding_wire() {
  namespace openai = wire::openai;
  serve::EmbeddingWire wire;
  wire.split = [](const chat::Request& request) -> base::Result<serve::EmbeddingWire::Items> {
    TRY(inputs, openai::embedding_inputs(request));
    serve::EmbeddingWire::Items items;
    items.inputs = std::move(inputs.items);
    for (const json::Value& input : items.inputs) {
      items.requests.push_back(openai::item_request(request, input));
    }
    return items;
  };
  wire.batch = [](const chat::Request& request, const serve::EmbeddingWire::Items& items,
                  const std::vector<std::size_t>& wanted) {
    std::vector<json::Value> inputs;
    for (std::size_t i : wanted) inputs.push_back(items.inputs[i]);
    chat::Request batch = request;
    batch.raw = openai::upstream_embeddings_body(request, inputs);
    if (base::Result<json::Value> body = json::parse(batch.raw)) batch.body = std::move(*body);
    return batch;
  };
  wire.render = [](const std::vector<const chat::Answer*>& answers) {
    return openai::render_embeddings(answers);
  };
  return wire;
}

}  // namespace refrain::api
