#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "embed/embedder.h"
#include "fetch/client.h"

namespace refrain::embed {

struct SpecOptions {
  std::string minilm_file;          // GGUF of the spec "minilm"
  std::size_t contexts = 0;         // threads of an in-process model; 0: one less than the cores
  fetch::Client* client = nullptr;  // for http: specs; outlives the embedder
};

/// The embedder of a spec: minilm | gguf:FILE | http:URL | table:FILE | off (null).
/// Errors: invalid (unknown spec; the sentence lists what is allowed), those of the embedder's
/// open.
base::Result<std::unique_ptr<Embedder>> open_embedder(std::string_view spec,
                                                      const SpecOptions& options);

}  // namespace refrain::embed
