#include "trust/image.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/hash.h"

namespace refrain::trust {
namespace {

using base::ByteReader;
using base::ByteWriter;
using base::Code;
using base::fail;
using base::Result;
using policy::kFeatures;

constexpr std::string_view kMagic = "RFRTRUST";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kWindowMax = 1U << 16U;
// What no honest number reaches: beyond it sums of products would no longer be finite.
constexpr double kNumberMax = 1e30;

void real(double value, ByteWriter& out) { out.u64(std::bit_cast<std::uint64_t>(value)); }

Result<double> real(ByteReader& in) {
  TRY(bits, in.u64());
  const auto value = std::bit_cast<double>(bits);
  if (!std::isfinite(value) || std::abs(value) > kNumberMax) {
    return fail(Code::corrupt, "a number that is none");
  }
  return value;
}

Result<> reals(ByteReader& in, std::span<double> out) {
  for (double& value : out) {
    TRY(one, real(in));
    value = one;
  }
  return {};
}

void write(const policy::Belief& belief, ByteWriter& out) {
  for (const double mean : belief.mean) real(mean, out);
  for (std::size_t row = 0; row < kFeatures; ++row) {
    for (std::size_t col = 0; col <= row; ++col) {
      real(belief.covariance[row * kFeatures + col], out);
    }
  }
}

Result<policy::Belief> read_belief(ByteReader& in) {
  policy::Belief out;
  TRY_DO(reals(in, out.mean));
  for (std::size_t row = 0; row < kFeatures; ++row) {
    for (std::size_t col = 0; col <= row; ++col) {
      TRY(value, real(in));
      out.covariance[row * kFeatures + col] = out.covariance[col * kFeatures + row] = value;
    }
    if (out.covariance[row * kFeatures + row] < 0) return fail(Code::corrupt, "negative variance");
  }
  return out;
}

void write(const RouteImage& route, ByteWriter& out) {
  const policy::Budget::State& state = route.state;
  out.text(route.name);
  real(route.anchor, out);
  write(state.belief, out);
  out.varint(state.window.size());
  for (const float bound : state.window) out.u32(std::bit_cast<std::uint32_t>(bound));
  out.varint(state.next);
  real(state.expected_wrong, out);
  real(state.observed_wrong, out);
  for (const std::uint64_t count : {state.labels, state.hits, state.checks, state.checks_wrong}) {
    out.varint(count);
  }
}

Result<RouteImage> read_route(ByteReader& in) {
  RouteImage out;
  policy::Budget::State& state = out.state;
  TRY(name, in.text());
  out.name = name;
  TRY(anchor, real(in));
  out.anchor = anchor;
  TRY(belief, read_belief(in));
  state.belief = belief;
  TRY(count, in.count(4));
  if (count > kWindowMax) return fail(Code::corrupt, "a window that is too long");
  state.window.resize(count);
  for (float& bound : state.window) {
    TRY(bits, in.u32());
    bound = std::bit_cast<float>(bits);
    if (!(bound >= 0 && bound <= 1)) return fail(Code::corrupt, "a bound that is none");
  }
  TRY(next, in.varint());
  if (next >= std::max<std::size_t>(count, 1)) return fail(Code::corrupt, "a place off the window");
  state.next = next;
  TRY_DO(reals(in, std::span(&state.expected_wrong, 1)));
  TRY_DO(reals(in, std::span(&state.observed_wrong, 1)));
  const bool sums = state.expected_wrong >= 0 && state.observed_wrong >= 0;
  if (!sums) return fail(Code::corrupt, "a negative sum");
  for (std::uint64_t* number : {&state.labels, &state.hits, &state.checks, &state.checks_wrong}) {
    TRY(value, in.varint());
    *number = value;
  }
  if (state.checks_wrong > state.checks) return fail(Code::corrupt, "more wrong than checked");
  return out;
}

Result<Spoken> read_spoken(ByteReader& in) {
  TRY(id, in.u64());
  TRY(verdict, in.u8());
  TRY(when, in.u64());
  if (verdict > 1) return fail(Code::corrupt, "a verdict that is none");
  return Spoken{id, static_cast<Verdict>(verdict),
                base::WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(when)))};
}

}  // namespace

std::uint64_t print(const policy::Belief& prior) noexcept {
  std::uint64_t out = 0;
  const auto mix = [&](std::span<const double> numbers) {
    out = base::hash64({reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()}, out);
  };
  mix(prior.mean);
  mix(prior.covariance);
  return out;
}

std::uint64_t checksum(std::string_view bytes) noexcept { return base::hash64(bytes, kVersion); }

std::string encode(const Image& image) {
  ByteWriter out;
  out.raw(kMagic);
  out.u32(kVersion);
  out.u32(kFeatures);
  out.u64(image.prior);
  out.varint(image.routes.size());
  for (const RouteImage& route : image.routes) write(route, out);
  out.varint(image.spoken.size());
  for (const Spoken& spoken : image.spoken) {
    out.u64(spoken.id);
    out.u8(static_cast<std::uint8_t>(spoken.verdict));
    out.u64(static_cast<std::uint64_t>(spoken.when.time_since_epoch().count()));
  }
  out.u64(static_cast<std::uint64_t>(image.spent.day));
  out.varint(image.spent.calls);
  real(image.spent.money, out);
  std::string bytes = out.take();
  ByteWriter end;
  end.u64(checksum(bytes));
  return bytes + end.take();
}

Result<Image> decode(std::string_view bytes) {
  constexpr std::size_t kSum = 8;
  if (bytes.size() < kMagic.size() + kSum || !bytes.starts_with(kMagic)) {
    return fail(Code::corrupt, "no state of trust");
  }
  ByteReader end(bytes.substr(bytes.size() - kSum));
  bytes.remove_suffix(kSum);
  TRY(sum, end.u64());
  if (sum != checksum(bytes)) return fail(Code::corrupt, "wrong checksum");
  ByteReader in(bytes.substr(kMagic.size()));
  TRY(version, in.u32());
  TRY(features, in.u32());
  if (version != kVersion || features != kFeatures) {
    return fail(Code::unsupported, fmt::format("version {} with {} features; this program writes "
                                               "version {} with {}",
                                               version, features, kVersion, kFeatures));
  }
  Image out;
  TRY(prior, in.u64());
  out.prior = prior;
  TRY(routes, in.count(8 * kFeatures));
  for (std::size_t i = 0; i < routes; ++i) {
    TRY(route, read_route(in));
    out.routes.push_back(std::move(route));
  }
  TRY(spoken, in.count(17));
  for (std::size_t i = 0; i < spoken; ++i) {
    TRY(one, read_spoken(in));
    out.spoken.push_back(one);
  }
  TRY(day, in.u64());
  out.spent.day = static_cast<std::int64_t>(day);
  TRY(calls, in.varint());
  out.spent.calls = calls;
  TRY(money, real(in));
  out.spent.money = money;
  if (in.left() != 0) return fail(Code::corrupt, "bytes after the end");
  return out;
}

}  // namespace refrain::trust
