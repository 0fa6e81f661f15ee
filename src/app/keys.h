#pragma once

#include <string>

#include "base/result.h"
#include "key/tenant.h"

namespace refrain::app {

/// The tenants of a keys file (TOML, docs/operations.md) and this data folder's own secret.
/// file ""  no table: tenants come from the credentials themselves.
/// Errors: invalid (with the line), io (the secret cannot be read or made).
base::Result<key::Tenants::Options> read_keys(const std::string& file, const std::string& data_dir);

/// The tenants of a keys file's text; file: its name, for errors. Pure.
/// Errors: invalid, with file and line.
base::Result<std::vector<key::Tenants::Options::Row>> parse_keys(std::string_view text,
                                                                 const std::string& file);

/// The GGUF file of the embedder `minilm`: the given one, or the one that tools/setup made, found
/// from where the program lies, or a packaged one under /usr/share/refrain.
std::string minilm_file(const std::string& given);

}  // namespace refrain::app
