#pragma once

#include <cstdint>
#include <string>

#include "llama/model.h"

namespace refrain::llama {

/// What decides, beside the weights, what a model's rows mean: rows of two models are
/// interchangeable only if all of it is equal. Texts are as the file has them; "" is not there.
struct Identity {
  std::string rope{};  // "norm", "neox", "none", or llama.cpp's number of another kind
  std::string rope_base{}, rope_scaling{};
  std::uint32_t rope_dim = 0;
  std::uint32_t key_dim = 0, value_dim = 0;  // of one head
  std::string tokenizer{};                   // digest of kind, texts and types of all tokens
};
Identity identity_of(const Model& model);

/// 32 hexadecimal digits over the file's bytes. Errors: io. cost: reads the file once.
base::Result<std::string> digest_of_file(const std::string& file);

}  // namespace refrain::llama
