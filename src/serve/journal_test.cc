#include "serve/journal.h"

#include <gtest/gtest.h>

namespace refrain::serve {
namespace {

Decision decision(std::string id, std::string tenant, key::EntryId answer) {
  Decision out;
  out.request_id = std::move(id);
  out.tenant = std::move(tenant);
  out.answer_id = answer;
  return out;
}

TEST(Journal, FindsADecisionByItsRequest) {
  Journal journal(10);
  journal.add(decision("r1", "a", 7));
  ASSERT_TRUE(journal.find("r1"));
  EXPECT_EQ(journal.find("r1")->answer_id, 7U);
  EXPECT_FALSE(journal.find("r2"));
}

TEST(Journal, HoldsNoMoreThanItsLimit) {
  Journal journal(2);
  journal.add(decision("r1", "a", 1));
  journal.add(decision("r2", "a", 2));
  journal.add(decision("r3", "a", 3));
  EXPECT_FALSE(journal.find("r1"));
  EXPECT_TRUE(journal.find("r2"));
  EXPECT_EQ(journal.last("", 10).size(), 2U);
}

TEST(Journal, ListsWhatAnEntryAnsweredNewestFirst) {
  Journal journal(10);
  journal.add(decision("r1", "a", 7));
  journal.add(decision("r2", "a", 8));
  journal.add(decision("r3", "a", 7));
  std::vector<Decision> served = journal.served_from(7, 10);
  ASSERT_EQ(served.size(), 2U);
  EXPECT_EQ(served[0].request_id, "r3");
}

TEST(Journal, ListsWhereAnEntryWasRefusedAndWhoMadeIt) {
  Journal journal(10);
  Decision near_miss = decision("r1", "a", 0);
  near_miss.candidates = {{7, 0.9F, false, {"numbers refused: 1 against 2"}}};
  near_miss.stored_as = 8;
  journal.add(near_miss);
  ASSERT_EQ(journal.refused(7, 10).size(), 1U);
  EXPECT_TRUE(journal.refused(8, 10).empty());
  ASSERT_TRUE(journal.made(8));
  EXPECT_EQ(journal.made(8)->request_id, "r1");
}

TEST(Journal, CanLeaveTheWordsOfQuestionsOut) {
  Journal journal(10, Words::left_out);
  Decision near_miss = decision("r1", "a", 0);
  near_miss.candidates = {{7, 0.9F, false, {"numbers refused: 1 against 2", "length"}}};
  journal.add(near_miss);
  EXPECT_EQ(journal.find("r1")->candidates[0].reasons,
            (std::vector<std::string>{"numbers refused", "length"}));
}

TEST(Journal, ShowsATenantItsOwnDecisionsOnly) {
  Journal journal(10);
  journal.add(decision("r1", "a", 1));
  journal.add(decision("r2", "b", 2));
  std::vector<Decision> own = journal.last("b", 10);
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].request_id, "r2");
}

}  // namespace
}  // namespace refrain::serve
