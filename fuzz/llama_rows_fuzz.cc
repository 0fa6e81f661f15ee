// A sequence state of arbitrary bytes: refused, or rows that written as a state read back as the
// same rows. The constants of the format are set right in a second try, or little behind them would
// be reached.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "llama/rows.h"

namespace {

using refrain::llama::Rows;
using refrain::llama::RowsPart;

constexpr std::size_t kBytesMax = 1U << 16U;
constexpr std::size_t kHeadBytes = 16, kCellBytes = 12;

void put(std::string& state, std::size_t at, std::uint32_t value) {
  if (at + sizeof value <= state.size()) std::memcpy(state.data() + at, &value, sizeof value);
}

std::string mended(std::string state) {
  put(state, 0, 0xaf143cd8);
  put(state, 8, 1);
  if (state.size() < kHeadBytes) return state;
  const std::size_t cells = static_cast<unsigned char>(state[12]) % 8;
  put(state, 12, static_cast<std::uint32_t>(cells));
  for (std::size_t i = 0; i < cells; ++i) put(state, kHeadBytes + i * kCellBytes + 4, 1);
  put(state, kHeadBytes + cells * kCellBytes, 0);
  return state;
}

void use(const std::string& state) {
  const auto layout = refrain::llama::read_layout(state);
  if (!layout) return;
  const auto rows = refrain::llama::read_state(state, *layout);
  if (!rows || rows->tokens == 0) return;
  if (rows->bytes.size() != rows->tokens * layout->bytes_per_token()) std::abort();
  const RowsPart all{std::make_shared<const Rows>(*rows), 0, rows->tokens};
  std::string again;
  refrain::llama::write_state(*layout, {&all, 1}, again);
  if (again.size() != state.size()) std::abort();
  const auto same = refrain::llama::read_state(again, *layout);
  if (!same || same->first != rows->first || same->bytes != rows->bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kBytesMax) return 0;
  const std::string state(reinterpret_cast<const char*>(data), size);
  use(state);
  use(mended(state));
  return 0;
}
