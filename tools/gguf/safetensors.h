#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::gguf {

enum class Dtype : std::uint8_t { f32, f16, bf16, other };

/// One tensor of a file; `bytes` points into the file's memory.
struct Tensor {
  Dtype dtype = Dtype::other;
  std::vector<std::uint64_t> shape;  // as written: the slowest dimension first
  std::string_view bytes;

  std::uint64_t elements() const noexcept;
  /// The numbers as f32. Errors: unsupported (Dtype::other).
  base::Result<std::vector<float>> floats() const;
};

/// A safetensors file in memory: u64 length (little-endian), a JSON header, then raw data.
/// Every length and offset is checked against the file before anything points at it.
class SafeTensors {
 public:
  /// Errors: io (cannot be read), corrupt (a sentence with the name and the place).
  static base::Result<SafeTensors> open(const std::string& file);
  /// bytes: a whole file. Errors: corrupt.
  static base::Result<SafeTensors> parse(std::string bytes);

  /// Null if there is no such tensor. Lives as long as this object.
  const Tensor* find(std::string_view name) const;
  std::size_t size() const noexcept { return tensors_.size(); }

 private:
  std::vector<char> bytes_;  // a vector's memory stays where it is when the object is moved
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace refrain::gguf
