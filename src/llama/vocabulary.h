#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "llama/model.h"

namespace refrain::llama {

/// Text to token ids and back, by the model's own tokenizer. Threads: any.
class Vocabulary {
 public:
  /// plain: "<s>" in the text is three characters. special: it is the model's token.
  enum class Marks : std::uint8_t { plain, special };
  /// Whether the model's begin token (and what else it wants around a text) is added.
  enum class Ends : std::uint8_t { added, bare };

  explicit Vocabulary(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  /// Errors: too_large (more than 2^31 bytes or tokens).
  base::Result<std::vector<TokenId>> tokens(std::string_view text, Marks marks, Ends ends) const;
  /// Appends the bytes of a token; not always whole characters. Special tokens are shown only with
  /// Marks::special.
  void append(TokenId id, Marks marks, std::string& out) const;
  std::string text(const std::vector<TokenId>& ids, Marks marks) const;
  /// True for tokens that end an answer.
  bool ends(TokenId id) const noexcept;
  std::size_t size() const noexcept;

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace refrain::llama
