// The client and the index against a real server, milvus-lite, which this program starts.
#include <gtest/gtest.h>

#include <atomic>

#include "milvus/vectors.h"
#include "tests/support/milvus_server.h"
#include "tests/support/scripted_server.h"
#include "tests/support/space_index_contract.h"

namespace refrain::milvus {
namespace {

using index::ids_of;
using index::ListedTruth;
using index::Truth;
using Ids = std::vector<key::EntryId>;

test::MilvusServer& shared_server() {
  static test::MilvusServer server;
  return server;
}

Place place_at(std::uint16_t port, std::size_t dim) {
  static std::atomic<int> number{0};
  Place place;
  place.port = port;
  place.dim = dim;
  place.collection = "test_" + std::to_string(++number);
  return place;
}

base::Call within(std::chrono::milliseconds limit) {
  return {base::SystemClock().now() + limit, {}, 0};
}

struct ServerSubject {
  explicit ServerSubject(std::size_t dim) {
    auto client = std::move(*open_client(place_at(shared_server().port(), dim)));
    vectors = std::move(*Vectors::open({.dim = dim}, std::move(client), clock));
    ListedTruth nothing({});
    base::Result<> followed = vectors->follow({}, nothing);
    CHECK(followed.has_value(), followed ? "" : followed.error().what);
  }
  index::SpaceIndex& index() { return *vectors; }
  void settle() {
    base::Result<> done = vectors->flush();
    CHECK(done.has_value(), done ? "" : done.error().what);
  }
  base::SystemClock clock;
  std::unique_ptr<Vectors> vectors;
};

class MilvusClient : public testing::Test {
 protected:
  static constexpr std::size_t kDim = 16;
  static constexpr key::Key kSpace{3, 4};

  std::unique_ptr<Client> client(const Place& place) { return std::move(*open_client(place)); }
  std::unique_ptr<Vectors> vectors(const Place& place) {
    return std::move(*Vectors::open({.dim = kDim}, client(place), clock_));
  }
  std::vector<Truth::Row> records(key::EntryId first, key::EntryId last) {
    std::vector<Truth::Row> rows;
    for (key::EntryId id = first; id <= last; ++id) rows.push_back({kSpace, id, rows_.next()});
    return rows;
  }
  base::SystemClock clock_;
  index::UnitVectors rows_{kDim};
};

TEST_F(MilvusClient, MakesItsCollectionOnce) {
  const auto one = client(place_at(shared_server().port(), kDim));
  auto found = one->open_collection({});
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_TRUE(found->made);
  EXPECT_FALSE(found->version.empty());
  EXPECT_FALSE(one->open_collection({})->made);
}

TEST_F(MilvusClient, CountsAndListsIdsAndDrops) {
  const auto one = client(place_at(shared_server().port(), kDim));
  ASSERT_TRUE(one->open_collection({}));
  const auto rows = records(1, 100);
  std::vector<Row> views;
  for (const Truth::Row& row : rows) views.push_back({row.space, row.id, row.vector});
  ASSERT_TRUE(one->upsert({}, views));
  ASSERT_TRUE(one->upsert({}, views)) << "again changes nothing";
  EXPECT_EQ(*one->count({}), 100U);
  Ids ids = *one->ids({}, 10, 15, 1000);
  std::ranges::sort(ids);
  EXPECT_EQ(ids, (Ids{11, 12, 13, 14, 15}));
  EXPECT_EQ(one->ids({}, 0, 100, 7)->size(), 7U);
  const Ids gone = {1, 2, 999};
  ASSERT_TRUE(one->erase({}, gone));
  EXPECT_EQ(*one->count({}), 98U);
  ASSERT_TRUE(one->drop({}));
  EXPECT_EQ(one->search({}, kSpace, rows_.next(), 1).error().code, base::Code::not_found);
}

TEST_F(MilvusClient, ACollectionOfAnotherDimensionIsInvalidAndLeftAlone) {
  Place place = place_at(shared_server().port(), kDim);
  ASSERT_TRUE(client(place)->open_collection({}));
  place.dim = kDim * 2;
  auto other = client(place)->open_collection({});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, base::Code::invalid);
  EXPECT_NE(other.error().what.find("16 dimensions"), std::string::npos) << other.error().what;
}

TEST_F(MilvusClient, AServerThatIsNotThereIsUnavailableAtOnce) {
  const auto one = client(place_at(test::free_port(), kDim));
  const base::Instant start = clock_.now();
  auto found = one->open_collection(within(std::chrono::seconds(20)));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::Code::unavailable) << found.error().what;
  EXPECT_LT(clock_.now() - start, std::chrono::seconds(10));
}

TEST_F(MilvusClient, AServerThatDoesNotAnswerCostsTheDeadlineAndNoMore) {
  test::Listener mute;  // takes connections and never speaks
  const auto one = client(place_at(mute.port(), kDim));
  auto found = one->search(within(std::chrono::milliseconds(100)), kSpace, rows_.next(), 1);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::Code::deadline) << found.error().what;
}

TEST_F(MilvusClient, ACallEndsWhenItIsStopped) {
  test::Listener mute;
  const auto one = client(place_at(mute.port(), kDim));
  std::stop_source stop;
  base::Call call = within(std::chrono::seconds(20));
  call.stop = stop.get_token();
  stop.request_stop();
  auto found = one->count(call);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::Code::cancelled) << found.error().what;
}

TEST_F(MilvusClient, TheRecordsPutTheCollectionRight) {
  const Place place = place_at(shared_server().port(), kDim);
  const auto index = vectors(place);
  const auto rows = records(1, 50);
  ListedTruth all(rows);
  ASSERT_TRUE(index->follow({}, all));
  EXPECT_EQ(index->stats().entries, 50U);
  ListedTruth half(std::vector<Truth::Row>(rows.begin() + 20, rows.begin() + 30));
  half.settle(50);
  ASSERT_TRUE(index->follow({}, half));
  EXPECT_EQ(index->stats().entries, 10U);
  EXPECT_EQ(ids_of(*index->find_near({}, kSpace, rows[25].vector, 1)), (Ids{26}));
}

TEST_F(MilvusClient, ACollectionDroppedBehindOurBackIsMadeAgain) {
  const Place place = place_at(shared_server().port(), kDim);
  const auto index = vectors(place);
  const auto rows = records(1, 5);
  ListedTruth first(rows);
  ASSERT_TRUE(index->follow({}, first));
  ASSERT_TRUE(client(place)->drop({}));
  EXPECT_FALSE(index->find_near({}, kSpace, rows[0].vector, 1));
  ASSERT_TRUE(index->wants_truth());
  ListedTruth again(rows);
  ASSERT_TRUE(index->follow({}, again));
  EXPECT_EQ(ids_of(*index->find_near({}, kSpace, rows[0].vector, 1)), (Ids{1}));
}

TEST_F(MilvusClient, AKilledServerCostsHitsUntilItIsBackAndNothingElse) {
  test::MilvusServer server;
  const Place place = place_at(server.port(), kDim);
  const auto index = vectors(place);
  const auto rows = records(1, 5);
  ListedTruth before(rows);
  ASSERT_TRUE(index->follow({}, before));
  server.kill();
  EXPECT_FALSE(index->find_near(within(std::chrono::seconds(5)), kSpace, rows[0].vector, 1));
  const auto fresh = rows_.next();
  ASSERT_TRUE(index->upsert(kSpace, 6, fresh));
  EXPECT_EQ(ids_of(*index->find_near(within(std::chrono::seconds(5)), kSpace, fresh, 1)), (Ids{6}));
  server.start();
  // The channel tries again by itself, at most a second apart.
  const base::Call call = within(std::chrono::seconds(60));
  base::Result<> back = base::fail(base::Code::unavailable, "not tried");
  while (!back && clock_.now() < call.deadline) {
    ListedTruth truth(rows);
    back = index->follow({}, truth);
  }
  ASSERT_TRUE(back) << back.error().what;
  ASSERT_TRUE(index->flush());
  const auto found = index->find_near({}, kSpace, fresh, 6);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->size(), 6U);
  EXPECT_EQ(found->at(0).id, 6U);
}

}  // namespace
}  // namespace refrain::milvus

namespace refrain::index {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(MilvusLite, SpaceIndexContract, milvus::ServerSubject);

}  // namespace
}  // namespace refrain::index
