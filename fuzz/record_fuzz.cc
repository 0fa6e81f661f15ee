// Rows of the store's tables from hostile bytes: the first byte of each piece says how long it is.
// Whatever they hold, decoding says corrupt or gives a record whose rows decode to it again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/codec.h"

namespace {

using namespace refrain::store;

class Pieces {
 public:
  explicit Pieces(std::string_view bytes) : rest_(bytes) {}
  std::string_view next() {
    if (rest_.empty()) return {};
    std::size_t size = static_cast<unsigned char>(rest_[0]);
    std::string_view piece = rest_.substr(1, size);
    rest_.remove_prefix(1 + piece.size());
    return piece;
  }

 private:
  std::string_view rest_;
};

void require(bool holds) {
  if (!holds) std::abort();
}

// Damaged rows as they are, and the same rows under a right checksum.
void decode_rows(std::string_view bytes) {
  Pieces pieces(bytes);
  codec::EntryRow entry;
  entry.id = 1;
  entry.exact = pieces.next();
  entry.space = pieces.next();
  entry.tags = pieces.next();
  entry.tenant = pieces.next();
  codec::QuestionRow question{pieces.next(), pieces.next(), pieces.next(), 0};
  codec::AnswerRow answer{pieces.next(), pieces.next(), 0};
  codec::seal(entry);
  codec::seal(question, entry.id);
  codec::seal(answer, entry.id);
  Record record;
  if (!codec::decode(entry, record)) return;
  if (!codec::decode(question, record)) return;
  if (!codec::decode(answer, record)) return;
  codec::Owned owned;
  Record again;
  require(codec::decode(codec::entry_row(record, owned), again).has_value());
  require(codec::decode(codec::question_row(record, owned), again).has_value());
  require(codec::decode(codec::answer_row(record, owned), again).has_value());
  require(again.canonical == record.canonical && again.answer == record.answer);
  require(again.text == record.text && again.tags == record.tags);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  decode_rows(bytes);
  if (auto plain = codec::unpack(bytes)) require(*codec::unpack(codec::pack(*plain)) == *plain);
  if (auto plain = codec::unpack(bytes, "a prefix of the text that the canonical bytes hold")) {
    require(*codec::unpack(codec::pack(*plain, *plain), *plain) == *plain);
  }
  return 0;
}
