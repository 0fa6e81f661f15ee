#include "llama/vocabulary.h"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "llama.h"

namespace refrain::llama {

base::Result<std::vector<TokenId>> Vocabulary::tokens(std::string_view text, Marks marks,
                                                      Ends ends) const {
  const llama_vocab* vocab = llama_model_get_vocab(model_->raw());
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max() / 2)) {
    return base::fail(base::Code::too_large,
                      fmt::format("a text of {} bytes is too long to be tokenized", text.size()));
  }
  // A token has at least one byte, but for the space some tokenizers add and the two ends.
  std::vector<TokenId> out(text.size() + 4);
  const auto run = [&] {
    return llama_tokenize(vocab, text.data(), static_cast<std::int32_t>(text.size()), out.data(),
                          static_cast<std::int32_t>(out.size()), ends == Ends::added,
                          marks == Marks::special);
  };
  std::int32_t count = run();
  if (count < 0 && count != std::numeric_limits<std::int32_t>::min()) {
    out.resize(static_cast<std::size_t>(-count));
    count = run();
  }
  if (count < 0) {
    return base::fail(base::Code::too_large,
                      fmt::format("a text of {} bytes has too many tokens", text.size()));
  }
  out.resize(static_cast<std::size_t>(count));
  return out;
}

void Vocabulary::append(TokenId id, Marks marks, std::string& out) const {
  const llama_vocab* vocab = llama_model_get_vocab(model_->raw());
  std::array<char, 128> small{};
  const bool special = marks == Marks::special;
  const std::int32_t length = llama_token_to_piece(
      vocab, id, small.data(), static_cast<std::int32_t>(small.size()), 0, special);
  if (length >= 0) {
    out.append(small.data(), static_cast<std::size_t>(length));
    return;
  }
  const std::size_t before = out.size();
  out.resize(before + static_cast<std::size_t>(-length));
  llama_token_to_piece(vocab, id, out.data() + before, -length, 0, special);
}

std::string Vocabulary::text(const std::vector<TokenId>& ids, Marks marks) const {
  std::string out;
  for (const TokenId id : ids) append(id, marks, out);
  return out;
}

bool Vocabulary::ends(TokenId id) const noexcept {
  return llama_vocab_is_eog(llama_model_get_vocab(model_->raw()), id);
}

std::size_t Vocabulary::size() const noexcept {
  return static_cast<std::size_t>(llama_vocab_n_tokens(llama_model_get_vocab(model_->raw())));
}

}  // namespace refrain::llama
