#include "api/file_reply.h"

#include <gtest/gtest.h>

#include "tests/support/net_probe.h"

namespace refrain::api {
namespace {

TEST(FileReply, RangesAreReadAsTheRfcSays) {
  auto part = [](std::string_view header, std::uint64_t size) {
    AskedRange asked = asked_range(header, size);
    if (asked.kind == RangeKind::whole) return std::string("whole");
    if (asked.kind == RangeKind::unsatisfiable) return std::string("none");
    return std::to_string(asked.range.first) + "-" + std::to_string(asked.range.last);
  };
  EXPECT_EQ(part("bytes=0-4", 10), "0-4");
  EXPECT_EQ(part("bytes=5-", 10), "5-9");
  EXPECT_EQ(part("bytes=5-99", 10), "5-9");
  EXPECT_EQ(part("bytes=-3", 10), "7-9");
  EXPECT_EQ(part("bytes=-30", 10), "0-9");
  EXPECT_EQ(part("bytes=10-", 10), "none");
  EXPECT_EQ(part("bytes=-0", 10), "none");
  for (std::string_view odd : {"", "bytes", "bytes=", "bytes=a-b", "bytes=4-2", "bytes=0-1,3-4",
                               "lines=0-1", "bytes=-", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(part(odd, 10), "whole") << odd;
  }
}

TEST(FileReply, TagsAreFoundInAList) {
  EXPECT_TRUE(names_tag("\"a\"", "\"a\""));
  EXPECT_TRUE(names_tag("\"b\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(names_tag("*", "\"a\""));
  EXPECT_FALSE(names_tag("\"b\"", "\"a\""));
  EXPECT_FALSE(names_tag("", "\"a\""));
}

TEST(FileReply, LayersAreARangeOrOne) {
  EXPECT_EQ(parse_layers("0-3")->last, 3U);
  EXPECT_EQ(parse_layers("2")->first, 2U);
  EXPECT_EQ(parse_layers("2")->last, 2U);
  for (std::string_view odd : {"", "-", "3-1", "a", "1-", "-1", "1-4294967295"}) {
    EXPECT_FALSE(parse_layers(odd)) << odd;
  }
}

class Counting final : public kv::Reading {
 public:
  explicit Counting(std::uint64_t size, std::uint64_t broken_from = UINT64_MAX)
      : size_(size), broken_(broken_from) {}
  std::uint64_t size() const noexcept override { return size_; }
  base::Result<> read(std::uint64_t offset, std::span<char> out) override {
    if (offset + out.size() > broken_) return base::fail(base::Code::corrupt, "broken");
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>((offset + i) % 251);
    return {};
  }

 private:
  std::uint64_t size_, broken_;
};

struct FileProbe {
  base::Pool work{{.name = "work", .threads = 2, .queue_max = 16}};
  std::uint64_t size = 1'000'000, broken = UINT64_MAX;
  net::Probe probe{[this](const std::shared_ptr<net::Exchange>& exchange) {
    reply_file(exchange, {std::make_unique<Counting>(size, broken), "\"tag\""}, work);
  }};
  net::RawReply get(std::string_view headers) {
    net::RawClient client = probe.client();
    client.get("/", headers);
    return client.read_reply();
  }
};

TEST(FileReply, AFileComesWholeWithItsLengthAndTag) {
  FileProbe probe;
  net::RawReply reply = probe.get("");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-length"), "1000000");
  EXPECT_EQ(reply.header("etag"), "\"tag\"");
  ASSERT_EQ(reply.body.size(), 1'000'000U);
  for (std::size_t i = 0; i < reply.body.size(); ++i) {
    ASSERT_EQ(reply.body[i], static_cast<char>(i % 251)) << i;
  }
}

TEST(FileReply, APartIsA206AndTheRestCanBeFetchedLater) {
  FileProbe probe;
  net::RawReply reply = probe.get("Range: bytes=300000-300009\r\n");
  EXPECT_EQ(reply.status, 206);
  EXPECT_EQ(reply.header("content-range"), "bytes 300000-300009/1000000");
  EXPECT_EQ(reply.body.size(), 10U);
  EXPECT_EQ(reply.body[0], static_cast<char>(300000 % 251));
  EXPECT_EQ(probe.get("Range: bytes=1000000-\r\n").status, 416);
  EXPECT_EQ(probe.get("Range: bytes=1000000-\r\n").header("content-range"), "bytes */1000000");
  EXPECT_EQ(probe.get("Range: bytes=0-1\r\nIf-Range: \"old\"\r\n").status, 200);
  EXPECT_EQ(probe.get("Range: bytes=0-1\r\nIf-Range: \"tag\"\r\n").status, 206);
}

TEST(FileReply, WhoHasItAlreadyGetsA304) {
  FileProbe probe;
  net::RawReply reply = probe.get("If-None-Match: \"tag\"\r\n");
  EXPECT_EQ(reply.status, 304);
  EXPECT_EQ(reply.header("etag"), "\"tag\"");
}

TEST(FileReply, DamageInTheMiddleIsACut) {
  FileProbe probe;
  probe.broken = 600'000;
  net::RawClient client = probe.probe.client();
  client.get("/");
  std::string all = client.read_all();
  EXPECT_LT(all.size(), 700'000U);
}

}  // namespace
}  // namespace refrain::api
