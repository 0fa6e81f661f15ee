#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "embed/embedder.h"
#include "milvus/vectors.h"

namespace refrain::app {

/// The index of vectors on another machine, as the settings say; null: in this process. Does not
/// connect yet. of: what makes the vectors; its dimension is known.
/// Errors: invalid, unsupported (this build has no Milvus).
base::Result<std::unique_ptr<milvus::Vectors>> open_vectors(const Config& config,
                                                            const embed::Info& of,
                                                            base::Clock& clock);

/// What the doctor says of it. Errors: those of milvus::Client.
base::Result<std::string> check_vectors(const Config& config, const embed::Info& of);

}  // namespace refrain::app
