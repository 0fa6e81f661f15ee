#include "wire/headers.h"

#include <gtest/gtest.h>

namespace refrain::wire {
namespace {

TEST(Travelling, HeadersOfTheConnectionStay) {
  chat::Headers in{{"host", "a"},           {"connection", "close, X-Hop"},
                   {"x-hop", "1"},          {"keep-alive", "5"},
                   {"te", "trailers"},      {"content-length", "3"},
                   {"upgrade", "h2c"},      {"accept-encoding", "gzip"},
                   {"cache-control", "x"},  {"expect", "100-continue"},
                   {"x-refrain-ttl", "5"},  {"content-encoding", "gzip"},
                   {"transfer-encoding", "chunked"}};
  EXPECT_EQ(travelling(in), chat::Headers{});
}

TEST(Travelling, EverythingElseTravelsInOrder) {
  chat::Headers in{{"authorization", "Bearer x"}, {"content-type", "application/json"},
                   {"openai-organization", "o"},  {"x-request-id", "1"},
                   {"x-refrainer", "kept"}};
  EXPECT_EQ(travelling(in), in);
}

TEST(Travelling, TheSecondConnectionHeaderCountsToo) {
  chat::Headers in{
      {"connection", ","}, {"connection", " a ,\tb"}, {"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(travelling(in), (chat::Headers{{"c", "3"}}));
}

}  // namespace
}  // namespace refrain::wire
