// The one place that knows how llama.cpp serialises a sequence (llama_kv_cache::state_write, flags
// 0, one stream, V not transposed). Little-endian, packed, no checksum, no version:
//
//   u32 magic 0xaf143cd8, i32 sequence, u32 streams (1), u32 cells
//   per cell: i32 position, u32 sequences (1), i32 sequence
//   u32 V transposed (0), u32 layers
//   per layer: i32 type of K, u64 bytes of a row, rows in the order of the cells
//   per layer: the same of V
//
// The format changed twice without a new version number. So nothing of it is kept: rows are taken
// out when a block is saved and put back when it is restored, and self_test() tries both on the
// loaded model before anything relies on it. Cells come in the order of the cache, which after
// some evictions is not that of the positions: rows are sorted while they are copied.
#include "llama/rows.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"

namespace refrain::llama {
namespace {

using base::ByteReader;
using base::Code;
using base::fail;
using base::Result;

constexpr std::uint32_t kMagic = 0xaf143cd8;
constexpr std::size_t kHeadBytes = 4 * sizeof(std::uint32_t);
constexpr std::size_t kCellBytes = 3 * sizeof(std::uint32_t);
constexpr std::size_t kTensorHeadBytes = sizeof(std::int32_t) + sizeof(std::uint64_t);
constexpr std::uint32_t kLayersMax = 4096;
constexpr std::uint64_t kRowBytesMax = std::uint64_t{1} << 24;

struct Tensor {
  std::int32_t type = 0;
  std::uint64_t row_bytes = 0;
  std::string_view rows;
};

struct State {
  std::vector<std::int32_t> positions;
  std::vector<Tensor> k, v;  // by layer
};

std::unexpected<base::Error> other_format(std::string_view what) {
  return fail(Code::unsupported, fmt::format("llama.cpp's sequence state: {}", what));
}

Result<Tensor> read_tensor(ByteReader& in, std::size_t cells) {
  Tensor tensor;
  TRY(type, in.u32());
  TRY(row_bytes, in.u64());
  if (row_bytes == 0 || row_bytes > kRowBytesMax) {
    return other_format(fmt::format("a row of {} bytes", row_bytes));
  }
  tensor.type = static_cast<std::int32_t>(type);
  tensor.row_bytes = row_bytes;
  TRY(rows, in.raw(cells * row_bytes));
  tensor.rows = rows;
  return tensor;
}

Result<std::vector<std::int32_t>> read_cells(ByteReader& in) {
  TRY(magic, in.u32());
  if (magic != kMagic) return other_format(fmt::format("magic {:08x}", magic));
  TRY_DO(in.u32());  // the sequence it was taken from
  TRY(streams, in.u32());
  if (streams != 1) return other_format(fmt::format("{} streams", streams));
  TRY(count, in.u32());
  if (in.left() / kCellBytes < count) return fail(Code::corrupt, "sequence state is cut");
  std::vector<std::int32_t> positions(count);
  for (std::int32_t& position : positions) {
    TRY(value, in.u32());
    TRY(sequences, in.u32());
    if (sequences != 1) return other_format(fmt::format("a cell of {} sequences", sequences));
    TRY_DO(in.u32());
    position = static_cast<std::int32_t>(value);
  }
  return positions;
}

Result<State> read(std::string_view bytes) {
  ByteReader in(bytes);
  State state;
  TRY(positions, read_cells(in));
  state.positions = std::move(positions);
  if (state.positions.empty()) {
    if (in.left() != 0) return other_format(fmt::format("{} bytes after no cell", in.left()));
    return state;
  }
  TRY(transposed, in.u32());
  if (transposed != 0) return other_format("V is transposed (flash attention is off)");
  TRY(layers, in.u32());
  if (layers == 0 || layers > kLayersMax) return other_format(fmt::format("{} layers", layers));
  for (std::vector<Tensor>* side : {&state.k, &state.v}) {
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      TRY(tensor, read_tensor(in, state.positions.size()));
      side->push_back(tensor);
    }
  }
  if (in.left() != 0) return other_format(fmt::format("{} bytes too many", in.left()));
  return state;
}

RowLayout layout_of(const State& state) {
  RowLayout layout;
  for (std::size_t i = 0; i < state.k.size(); ++i) {
    layout.layers.push_back(
        {state.k[i].type, state.v[i].type, state.k[i].row_bytes, state.v[i].row_bytes});
  }
  return layout;
}

// For each cell its place by position, or an error if the positions leave a gap.
Result<std::vector<std::size_t>> places(const std::vector<std::int32_t>& positions) {
  const auto [low, high] = std::ranges::minmax(positions);
  if (std::int64_t{high} - low + 1 != std::ssize(positions)) {
    return fail(Code::corrupt, fmt::format("{} cells for positions {} to {}", positions.size(),
                                           low, high));
  }
  std::vector<std::size_t> out;
  std::vector<bool> seen(positions.size());
  for (const std::int32_t position : positions) {
    const auto place = static_cast<std::size_t>(position - low);
    if (seen[place]) return fail(Code::corrupt, fmt::format("position {} twice", position));
    seen[place] = true;
    out.push_back(place);
  }
  return out;
}

void copy_rows(const Tensor& tensor, const std::vector<std::size_t>& place, char* out) {
  const std::size_t size = tensor.row_bytes;
  for (std::size_t cell = 0; cell < place.size();) {
    // Runs of cells in order are copied at once: usually that is all of them.
    std::size_t end = cell + 1;
    while (end < place.size() && place[end] == place[end - 1] + 1) ++end;
    std::memcpy(out + place[cell] * size, tensor.rows.data() + cell * size, (end - cell) * size);
    cell = end;
  }
}

template <class T>
char* put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

enum class Side : std::uint8_t { k, v };

char* put_tensor(char* at, const RowLayout& layout, std::size_t layer, Side side,
                 std::span<const RowsPart> parts) {
  const RowLayout::Layer& shape = layout.layers[layer];
  const std::uint64_t row_bytes = side == Side::k ? shape.k_bytes : shape.v_bytes;
  at = put(at, side == Side::k ? shape.k_type : shape.v_type);
  at = put(at, row_bytes);
  for (const RowsPart& part : parts) {
    const std::string_view rows =
        side == Side::k ? part.rows->k(layout, layer) : part.rows->v(layout, layer);
    std::memcpy(at, rows.data() + part.from * row_bytes, part.tokens * row_bytes);
    at += part.tokens * row_bytes;
  }
  return at;
}

}  // namespace

std::size_t RowLayout::bytes_per_token() const noexcept {
  std::size_t bytes = 0;
  for (const Layer& layer : layers) bytes += layer.k_bytes + layer.v_bytes;
  return bytes;
}

std::string_view Rows::k(const RowLayout& layout, std::size_t layer) const noexcept {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < layer; ++i) {
    offset += tokens * (layout.layers[i].k_bytes + layout.layers[i].v_bytes);
  }
  return std::string_view(bytes).substr(offset, tokens * layout.layers[layer].k_bytes);
}

std::string_view Rows::v(const RowLayout& layout, std::size_t layer) const noexcept {
  const std::string_view before = k(layout, layer);
  const auto offset = static_cast<std::size_t>(before.data() - bytes.data()) + before.size();
  return std::string_view(bytes).substr(offset, tokens * layout.layers[layer].v_bytes);
}

Result<RowLayout> read_layout(std::string_view state) {
  TRY(parsed, read(state));
  if (parsed.positions.empty()) return fail(Code::corrupt, "sequence state holds no cell");
  return layout_of(parsed);
}

Result<Rows> read_state(std::string_view state, const RowLayout& layout) {
  TRY(parsed, read(state));
  Rows out;
  if (parsed.positions.empty()) return out;
  if (layout_of(parsed) != layout) {
    return fail(Code::unsupported, "sequence state has another layout than this context");
  }
  TRY(place, places(parsed.positions));
  out.first = *std::ranges::min_element(parsed.positions);
  out.tokens = parsed.positions.size();
  out.bytes.resize(out.tokens * layout.bytes_per_token());
  char* at = out.bytes.data();
  for (std::size_t layer = 0; layer < parsed.k.size(); ++layer) {
    for (const Tensor* tensor : {&parsed.k[layer], &parsed.v[layer]}) {
      copy_rows(*tensor, place, at);
      at += out.tokens * tensor->row_bytes;
    }
  }
  return out;
}

std::size_t state_bytes(const RowLayout& layout, std::size_t tokens) noexcept {
  return kHeadBytes + tokens * kCellBytes + 2 * sizeof(std::uint32_t) +
         2 * layout.layers.size() * kTensorHeadBytes + tokens * layout.bytes_per_token();
}

void write_state(const RowLayout& layout, std::span<const RowsPart> parts, std::string& out) {
  std::size_t tokens = 0;
  for (const RowsPart& part : parts) tokens += part.tokens;
  out.resize(state_bytes(layout, tokens));
  char* at = out.data();
  at = put(at, kMagic);
  at = put(at, std::int32_t{0});
  at = put(at, std::uint32_t{1});
  at = put(at, static_cast<std::uint32_t>(tokens));
  for (const RowsPart& part : parts) {
    for (std::size_t i = 0; i < part.tokens; ++i) {
      at = put(at, part.rows->first + static_cast<std::int32_t>(part.from + i));
      at = put(at, std::uint32_t{1});
      at = put(at, std::int32_t{0});
    }
  }
  at = put(at, std::uint32_t{0});
  at = put(at, static_cast<std::uint32_t>(layout.layers.size()));
  for (const Side side : {Side::k, Side::v}) {
    for (std::size_t layer = 0; layer < layout.layers.size(); ++layer) {
      at = put_tensor(at, layout, layer, side, parts);
    }
  }
}

}  // namespace refrain::llama
