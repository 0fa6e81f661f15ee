#include <fstream>

#include "base/bytes.h"
#include "index/graph.h"
#include "index/snapshot.h"
#include "tests/support/index_contract.h"

namespace refrain::index {
namespace {

constexpr std::size_t kDim = 8;

std::string encoded(Graph& graph) {
  const std::filesystem::path path = testing::TempDir() + "graph_codec_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name();
  {
    const auto out = SnapshotWriter::create(path).value();
    graph.encode(*out);
    EXPECT_TRUE(out->finish());
  }
  const std::string body{checked_body(MappedFile::open(path).value()->bytes()).value()};
  std::filesystem::remove(path);
  return body;
}

std::unique_ptr<Graph> made(std::size_t size) {
  auto graph = Graph::open({.dim = kDim, .tombstones_max = 0.9}).value();
  UnitVectors vectors(kDim);
  for (key::EntryId id = 1; id <= size; ++id) {
    EXPECT_TRUE(put(*graph, id, vectors.next()));
  }
  return graph;
}

base::Result<std::unique_ptr<Graph>> decoded(std::string_view bytes) {
  base::ByteReader in(bytes);
  return Graph::decode(in, {.dim = kDim});
}

TEST(GraphCodec, DecodedGraphAnswersAsTheFirstOne) {
  const auto graph = made(2000);
  const auto again = decoded(encoded(*graph)).value();
  UnitVectors vectors(kDim, 9);
  for (int round = 0; round < 50; ++round) {
    const auto query = vectors.next();
    EXPECT_EQ(again->search(query, 10, nullptr).value(),
              graph->search(query, 10, nullptr).value());
  }
}

TEST(GraphCodec, ErasedEntriesAreNotWritten) {
  const auto graph = made(1000);
  for (key::EntryId id = 1; id <= 300; ++id) {
    forget(*graph, id);
  }
  const auto again = decoded(encoded(*graph)).value();
  EXPECT_EQ(again->info().size, 700U);
  EXPECT_EQ(again->tombstone_share(), 0);
  ASSERT_TRUE(put(*again, 5, UnitVectors(kDim, 3).next()));
  EXPECT_EQ(again->search(UnitVectors(kDim, 3).next(), 1, nullptr).value().at(0).id, 5U);
}

TEST(GraphCodec, EveryShorterFormIsCorrupt) {
  const auto graph = made(70);
  const std::string bytes = encoded(*graph);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_EQ(decoded({bytes.data(), length}).error().code, base::Code::corrupt) << length;
  }
}

TEST(GraphCodec, EveryChangedByteIsCorruptOrHarmless) {
  const auto graph = made(70);
  const std::string good = encoded(*graph);
  const auto query = UnitVectors(kDim, 4).next();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(~bad[at]);
    if (const auto again = decoded(bad)) {
      EXPECT_TRUE((*again)->search(query, 3, nullptr));
      EXPECT_GE(forget(**again, 1) + forget(**again, 2), 1U);
      (*again)->repair();
    }
  }
}

}  // namespace
}  // namespace refrain::index
