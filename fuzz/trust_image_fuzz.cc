// A state of trust of arbitrary bytes: refused, or one that encodes to the same bytes and whose
// routes decide and learn without harm. The checksum is set right, or nothing behind it would ever
// be reached.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/clock.h"
#include "policy/verifier_table.h"
#include "trust/image.h"

namespace {

constexpr std::size_t kBytesMax = 1U << 16U;

void use(refrain::trust::Image image) {
  using namespace refrain;
  static const base::SystemClock kClock;
  trust::CheckAllowance checks({});
  trust::Routes routes({{}, policy::verifier_prior()}, checks, kClock);
  trust::Route route;
  if (!image.routes.empty()) route.model = "m";
  for (trust::RouteImage& one : image.routes) one.name = trust::name(route);
  routes.restore(std::move(image.routes));
  policy::Features evidence{};
  evidence[0] = 1;
  const trust::Judgement judged =
      routes.judge(route, evidence, policy::First::checked, trust::Explore::never);
  routes.learn(judged, false);
  if (std::isnan(judged.allowance.limit)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8 || size > kBytesMax) return 0;
  std::string file(reinterpret_cast<const char*>(data), size - 8);
  const std::uint64_t sum = refrain::trust::checksum(file);
  file.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  auto image = refrain::trust::decode(file);
  if (!image) return 0;
  // Varints have longer forms of small numbers: written again they are short, and then stay.
  const std::string again = refrain::trust::encode(*image);
  const auto second = refrain::trust::decode(again);
  if (!second || refrain::trust::encode(*second) != again) std::abort();
  use(std::move(*image));
  return 0;
}
