#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kv/layout.h"
#include "kv/safetensors.h"
#include "kv/store.h"
#include "tests/support/kv_samples.h"

namespace refrain::kv {

/// A file of the reference layout with the KV that SampleRows makes of these tokens, head by head.
/// shift: added to every byte, for other numbers of the same tokens.
inline std::string sample_file(const std::vector<Token>& tokens, char shift = 0,
                               const Fingerprint& print = small_model()) {
  Manifest manifest;
  manifest.fingerprint = print;
  manifest.tokens = tokens;
  manifest.text = "a prompt";
  safetensors::Header header = *header_of(manifest);
  std::string out = safetensors::write(header);
  SampleRows rows(tokens, 0, print);
  for (std::uint32_t i = 0; i < 2 * print.layers; ++i) {
    const std::string& section = rows.bytes[i];
    const std::size_t row = section.size() / tokens.size(), each = row / print.kv_heads;
    for (std::uint32_t head = 0; head < print.kv_heads; ++head) {
      for (std::size_t token = 0; token < tokens.size(); ++token) {
        for (std::size_t b = 0; b < each; ++b) {
          out += static_cast<char>(section[token * row + head * each + b] + shift);
        }
      }
    }
  }
  return out;
}

/// Writes bytes into a store's incoming folder; returns the path.
inline std::string put_incoming(Store& store, const std::string& bytes) {
  std::string path = store.incoming() + "/upload";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

inline base::Result<std::string> read_all(Reading& reading, std::size_t piece = 1000) {
  std::string out(reading.size(), '\0');
  for (std::size_t at = 0; at < out.size(); at += piece) {
    TRY_DO(reading.read(at, std::span(out).subspan(at, std::min(piece, out.size() - at))));
  }
  return out;
}

}  // namespace refrain::kv
