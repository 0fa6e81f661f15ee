#include "base/random.h"

#include <sys/random.h>

#include <string_view>

#include "base/check.h"

namespace refrain::base {
namespace {

// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct SplitMix {
  std::uint64_t state;
  std::uint64_t next() noexcept {
    state += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
};

std::uint64_t kernel_seed() noexcept {
  std::uint64_t seed = 0;
  random_secret(std::as_writable_bytes(std::span(&seed, 1)));
  return seed;
}

}  // namespace

std::uint64_t random64() noexcept {
  thread_local SplitMix generator{kernel_seed()};
  return generator.next();
}

std::string random_id(std::size_t length) {
  static constexpr std::string_view kAlphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string id(length, '0');
  std::uint64_t bits = 0;
  int left = 0;
  for (char& c : id) {
    if (left == 0) {
      bits = random64();
      left = 10;  // 62^10 is below 2^60
    }
    c = kAlphabet[bits % kAlphabet.size()];
    bits /= kAlphabet.size();
    --left;
  }
  return id;
}

void random_secret(std::span<std::byte> out) noexcept {
  std::size_t done = 0;
  while (done < out.size()) {
    ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
    CHECK(got > 0, "the kernel gives no random bytes");
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace refrain::base
