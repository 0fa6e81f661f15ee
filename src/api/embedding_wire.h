#pragma once

#include "serve/embeddings.h"

namespace refrain::api {

/// OpenAI's /v1/embeddings, as serve needs it: how a batch is cut, asked for and joined. Pure.
serve::EmbeddingWire embedding_wire();

}  // namespace refrain::api
