#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "disk/file.h"
#include "kv/layout.h"
#include "kv/safetensors.h"
#include "kv/shelf.h"
#include "kv/store.h"

namespace refrain::kv {

inline constexpr std::size_t kPieceBytes = std::size_t{1} << 20U;  // of Manifest::sums

/// Bytes of tensors, wherever they are.
class TensorBytes {
 public:
  virtual ~TensorBytes() = default;
  /// Fills `out` from `offset` within a tensor. Errors: corrupt, io.
  virtual base::Result<> fill(const safetensors::Tensor& tensor, std::uint64_t offset,
                              std::span<char> out) = 0;
};

/// A safetensors file made of a header and tensors that lie elsewhere.
class Assembled final : public Reading {
 public:
  /// head: length and JSON, as they go out. header: what it says; its tensors are asked for.
  /// sources: of each of them, as its bytes know it.
  Assembled(std::string head, std::vector<safetensors::Tensor> tensors,
            std::vector<safetensors::Tensor> sources, std::unique_ptr<TensorBytes> bytes);
  std::uint64_t size() const noexcept override;
  base::Result<> read(std::uint64_t offset, std::span<char> out) override;

 private:
  std::string head_;
  std::vector<safetensors::Tensor> tensors_, sources_;
  std::unique_ptr<TensorBytes> bytes_;
};

/// A file whose pieces of a MiB have known sums.
class CheckedFile {
 public:
  /// Errors: not_found, io.
  static base::Result<CheckedFile> open(const std::string& path, std::vector<std::uint64_t> sums);
  base::Result<> read(std::uint64_t offset, std::span<char> out);

 private:
  CheckedFile(disk::File file, std::vector<std::uint64_t> sums)
      : file_(std::move(file)), sums_(std::move(sums)) {}
  base::Result<> load(std::size_t piece);

  disk::File file_;
  std::vector<std::uint64_t> sums_;
  std::uint64_t size_ = 0;
  std::size_t loaded_ = SIZE_MAX;
  std::string piece_;
};

/// The sums of a file, in one pass. Errors: io.
base::Result<std::vector<std::uint64_t>> sums_of(const disk::File& file, std::uint64_t bytes);

/// Tensors of the reference layout, gathered from blocks while these are held.
class Gathered final : public TensorBytes {
 public:
  struct Source {
    Store* store = nullptr;  // outlives this
    std::vector<Found> blocks{};
    std::unique_ptr<Hold> hold{};
    std::size_t tokens = 0;
    std::size_t heads = 0;
  };
  explicit Gathered(Source source) : source_(std::move(source)) {}
  base::Result<> fill(const safetensors::Tensor& tensor, std::uint64_t offset,
                      std::span<char> out) override;

 private:
  base::Result<> gather(const safetensors::Tensor& tensor, std::size_t head);

  Source source_;
  std::string name_{};          // tensor that the window is of
  std::size_t first_head_ = 0;  // the window: some heads of it, [heads][tokens][bytes]
  std::string window_{};
};

}  // namespace refrain::kv
