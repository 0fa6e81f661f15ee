// Any bytes are decoded or refused, once as they are and once under a right checksum, which no
// mutation would find; what was decoded is encoded and decoded again as the same answer.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "chat/answer.h"

namespace chat = refrain::chat;

namespace {

constexpr std::size_t kHeaderBytes = 12;

void decode(std::string_view bytes) {
  refrain::base::Result<chat::Answer> answer = chat::decode(bytes);
  if (!answer) return;
  refrain::base::Result<chat::Answer> again = chat::decode(chat::encode(*answer));
  CHECK(again && again->events.size() == answer->events.size(), "an answer lost events");
  for (std::size_t i = 0; i < answer->events.size(); ++i) {
    CHECK(*again->events[i] == *answer->events[i], "an event changed");
  }
  chat::fold(answer->events);
  chat::finishes(*answer);
  chat::usage(*answer);
  chat::footprint(*answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  decode(bytes);
  if (size < kHeaderBytes) return 0;
  std::string_view payload = bytes.substr(kHeaderBytes);
  std::string sealed("RFA\x01");
  std::uint64_t checksum = refrain::base::hash64(payload);
  for (int i = 0; i < 8; ++i) sealed += static_cast<char>(checksum >> (8 * i));
  decode(sealed.append(payload));
  return 0;
}
