#include "api/multipart.h"

#include <gtest/gtest.h>

namespace refrain::api {
namespace {

std::string body(std::string_view file, std::string_view name = "k.safetensors") {
  return "--b0und\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nvalue\r\n"
         "--b0und\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
         std::string(name) + "\"\r\nContent-Type: a/b\r\n\r\n" + std::string(file) +
         "\r\n--b0und--\r\n";
}

TEST(Multipart, TheFileComesOutHoweverItIsCut) {
  const std::string wanted("a\r\n--b0un\r\n\0--b0und", 19), whole = body(wanted);
  for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
    Multipart multipart({.boundary = "b0und", .field = "file"});
    std::string out;
    for (std::size_t at = 0; at < whole.size(); at += piece) {
      ASSERT_TRUE(multipart.put(std::string_view(whole).substr(at, piece), out));
    }
    ASSERT_EQ(out, wanted) << piece;
    EXPECT_TRUE(multipart.ended());
    EXPECT_EQ(multipart.file_name(), "k.safetensors");
  }
}

TEST(Multipart, ABodyWithoutTheFieldHasNoFile) {
  Multipart multipart({.boundary = "b0und", .field = "another"});
  std::string out;
  ASSERT_TRUE(multipart.put(body("x"), out));
  EXPECT_TRUE(multipart.ended());
  EXPECT_FALSE(multipart.file_name());
  EXPECT_EQ(out, "");
}

TEST(Multipart, AnEmptyFileIsAFile) {
  Multipart multipart({.boundary = "b0und", .field = "file"});
  std::string out;
  ASSERT_TRUE(multipart.put(body("", ""), out));
  EXPECT_TRUE(multipart.ended());
  EXPECT_EQ(multipart.file_name(), "");
}

TEST(Multipart, ABodyThatIsCutHasNotEnded) {
  Multipart multipart({.boundary = "b0und", .field = "file"});
  std::string out, whole = body("abc");
  ASSERT_TRUE(multipart.put(whole.substr(0, whole.size() - 8), out));
  EXPECT_FALSE(multipart.ended());
}

TEST(Multipart, HeadsAndPartsAreBounded) {
  std::string out;
  Multipart long_head({.boundary = "b", .field = "file", .part_head_max = 100});
  EXPECT_FALSE(long_head.put("--b\r\nX: " + std::string(200, 'x'), out));
  Multipart many({.boundary = "b", .field = "file", .parts_max = 2});
  EXPECT_FALSE(
      many.put("--b\r\na: b\r\n\r\n\r\n--b\r\na: b\r\n\r\n\r\n--b\r\na: b\r\n\r\n\r\n--b--", out));
  Multipart twice({.boundary = "b0und", .field = "file"});
  const std::string one = body("x");
  EXPECT_EQ(twice.put(one.substr(0, one.size() - 4) + one.substr(7), out).error().what,
            "there is more than one 'file'");
}

TEST(Multipart, WhatIsHeldDoesNotGrowWithTheFile) {
  Multipart multipart({.boundary = "b0und", .field = "file"});
  std::string out, whole = body("");
  const std::size_t data = whole.find("\r\n\r\n\r\n--b0und--") + 4;
  ASSERT_TRUE(multipart.put(whole.substr(0, data), out));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(multipart.put(std::string(1000, '\r'), out));
    EXPECT_GE(out.size() + 10, 1000U * static_cast<std::size_t>(i + 1));
  }
}

TEST(Multipart, BoundariesAreReadFromTheContentType) {
  EXPECT_EQ(boundary_of("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(boundary_of("Multipart/Form-Data; charset=x; Boundary=\"a b\""), "a b");
  EXPECT_FALSE(boundary_of("multipart/form-data"));
  EXPECT_FALSE(boundary_of("application/json; boundary=abc"));
  EXPECT_FALSE(boundary_of("multipart/form-data; boundary="));
}

}  // namespace
}  // namespace refrain::api
