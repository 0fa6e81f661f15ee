#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "chat/answer.h"
#include "chat/request.h"
#include "wire/openai.h"

/// /v1/embeddings, where each input is an identity of its own: a batch is cut into its items, items
/// are looked up one by one, the upstream is asked for the missing ones in one batch.
namespace refrain::wire::openai {

/// The inputs of one request. batch: the client sent a list of them. A list of token numbers is
/// one input; a list of strings or of such lists is a batch.
struct EmbeddingInputs {
  std::vector<json::Value> items;
  bool batch = false;
};

/// Errors: invalid ('input' is absent, empty, or of another kind).
base::Result<EmbeddingInputs> embedding_inputs(const chat::Request& request);

/// The request for one item alone: equal for the same item whatever batch it came in.
chat::Request item_request(const chat::Request& request, const json::Value& item);

/// The body that asks for these items: a list if the client sent one, else the one item.
std::string upstream_embeddings_body(const chat::Request& request,
                                     std::span<const json::Value> items);

/// Reads an embeddings reply into one answer per item: one event, Origin::openai_embedding. The
/// event's choice has the element's members ("embedding": floats or base64) in extra, the reply's
/// other members (model) in head, and a share of the usage by the items' lengths, so that shares
/// add up to what the upstream counted.
/// items  what was asked for, in order.
/// Errors: invalid (not JSON, no data, another number of elements than items, an index twice).
base::Result<std::variant<std::vector<chat::Answer>, ErrorObject>> read_embeddings(
    std::string_view body, std::span<const json::Value> items);

/// A list reply of these answers in order: head of the first, usage summed.
/// answers: at least one, each made by read_embeddings.
std::string render_embeddings(std::span<const chat::Answer* const> answers);

}  // namespace refrain::wire::openai
