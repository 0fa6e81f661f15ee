#include "trust/image.h"

#include <gtest/gtest.h>

#include <cmath>

#include "policy/verifier_table.h"

namespace refrain::trust {
namespace {

Image sample() {
  Image image;
  image.prior = print(policy::verifier_prior());
  RouteImage route{name({"openai.chat", "t", "m"}), 1.5, {}};
  route.state.belief = policy::verifier_prior();
  route.state.window = {0.5F, 0.25F, 0.125F};
  route.state.next = 1;
  route.state.expected_wrong = 0.5;
  route.state.labels = 70;
  route.state.checks = 3;
  route.state.checks_wrong = 1;
  image.routes.push_back(route);
  image.spoken = {{7, Verdict::wrong, base::WallTime(std::chrono::milliseconds(123))}};
  image.spent = {20000, 3, 0.25};
  return image;
}

TEST(TrustImage, WhatWasWrittenIsRead) {
  const std::string bytes = encode(sample());
  const base::Result<Image> read = decode(bytes);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_EQ(read->routes[0].state.window, sample().routes[0].state.window);
  EXPECT_EQ(read->spoken[0].verdict, Verdict::wrong);
  EXPECT_EQ(read->spent.calls, 3U);
}

TEST(TrustImage, EveryCutAndEveryFlippedByteIsRefused) {
  const std::string bytes = encode(sample());
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, at)));
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_FALSE(decode(flipped)) << at;
  }
}

TEST(TrustImage, NumbersThatAreNoneAreRefusedBehindARightChecksum) {
  Image image = sample();
  image.routes[0].state.belief.mean[3] = std::nan("");
  EXPECT_EQ(decode(encode(image)).error().code, base::Code::corrupt);
  image = sample();
  image.routes[0].state.next = 3;
  EXPECT_EQ(decode(encode(image)).error().code, base::Code::corrupt);
}

TEST(TrustImage, ARouteTakesAboutFourKilobytesAndItsWindow) {
  Image empty;
  EXPECT_LT(encode(sample()).size() - encode(empty).size(), 4000U);
}

}  // namespace
}  // namespace refrain::trust
