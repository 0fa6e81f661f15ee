#include "kv/names.h"

#include <gtest/gtest.h>

namespace refrain::kv {
namespace {

base::WallTime at(std::int64_t seconds) { return base::WallTime(std::chrono::seconds(seconds)); }

Named object(ObjectId id, std::string tenant, std::string name, std::uint64_t version) {
  Named out;
  out.facts.id = id;
  out.facts.tenant = std::move(tenant);
  out.facts.name = std::move(name);
  out.facts.version = version;
  out.facts.bytes = 10;
  out.leaf = {id, id};
  return out;
}

TEST(KvNames, TheLatestVersionAnswersForAName) {
  Names names;
  names.add(object(1, "t", "a", 1));
  names.add(object(2, "t", "a", 2));
  EXPECT_EQ(names.find("t", "a", std::nullopt)->facts.id, 2U);
  EXPECT_EQ(names.find("t", "a", 1)->facts.id, 1U);
  EXPECT_EQ(names.find("t", "a", 3), nullptr);
  EXPECT_EQ(names.find("u", "a", std::nullopt), nullptr);
  names.remove(2);
  EXPECT_EQ(names.find("t", "a", std::nullopt)->facts.id, 1U);
}

TEST(KvNames, AListIsOfOneTenantAndGoesOnBehindTheLastName) {
  Names names;
  names.add(object(1, "t", "a1", 1));
  names.add(object(2, "t", "a2", 1));
  names.add(object(3, "t", "a2", 2));
  names.add(object(4, "t", "b", 1));
  names.add(object(5, "u", "a1", 1));
  auto ids = [&](const Query& query) {
    std::vector<ObjectId> out;
    for (const Description& facts : names.list(query)) out.push_back(facts.id);
    return out;
  };
  EXPECT_EQ(ids({.tenant = "t"}), (std::vector<ObjectId>{1, 3, 4}));
  EXPECT_EQ(ids({.tenant = "t", .prefix = "a"}), (std::vector<ObjectId>{1, 3}));
  EXPECT_EQ(ids({.tenant = "t", .limit = 1}), (std::vector<ObjectId>{1}));
  EXPECT_EQ(ids({.tenant = "t", .after = "a1"}), (std::vector<ObjectId>{3, 4}));
  EXPECT_EQ(ids({.tenant = "t", .after = "a1", .limit = 1, .all_versions = true}),
            (std::vector<ObjectId>{3, 2}));
}

TEST(KvNames, BytesAreSummedByTenant) {
  Names names;
  names.add(object(1, "t", "a", 1));
  names.add(object(2, "t", "b", 1));
  EXPECT_EQ(names.bytes("t"), 20U);
  names.remove(1);
  EXPECT_EQ(names.bytes("t"), 10U);
  EXPECT_EQ(names.bytes("u"), 0U);
}

TEST(KvNames, PinsAndLeasesKeepFromExpiry) {
  Names names;
  for (ObjectId id : {1, 2, 3, 4}) {
    Named one = object(id, "t", std::string(1, static_cast<char>('a' + id)), 1);
    one.facts.expires = at(10);
    one.facts.pinned = id == 2;
    if (id == 3) one.facts.leased = at(20);
    if (id == 4) one.facts.expires = at(30);
    names.add(std::move(one));
  }
  EXPECT_EQ(names.expired(at(9)).size(), 0U);
  EXPECT_EQ(names.expired(at(10)), std::vector<ObjectId>{1});
  EXPECT_EQ(names.expired(at(20)).size(), 2U);
}

TEST(KvNames, ObjectsAreFoundByTheirLastBlock) {
  Names names;
  names.add(object(1, "t", "a", 1));
  EXPECT_EQ(names.ending_at({1, 1}), std::vector<ObjectId>{1});
  names.remove(1);
  EXPECT_TRUE(names.ending_at({1, 1}).empty());
}

}  // namespace
}  // namespace refrain::kv
