#include "answers/ledger.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/temp_folder.h"

namespace refrain::answers {
namespace {

using Registered = Ledger::Registered;

struct LedgerTest : testing::Test {
  LedgerTest() { open(); }
  void open() {
    ledger.reset();
    options.path = temp.path() + "/ledger.sqlite";
    ledger = std::move(*Ledger::open(options, clock));
  }
  void log(const std::string& answer, const Collection& of = {"t", "m"}) {
    LogRow row;
    row.when = clock.wall();
    row.collection = of;
    row.hit = true;
    row.seconds = 0.25;
    row.query = "[]";
    row.answer = answer;
    ledger->log(std::move(row));
  }
  std::vector<std::string> answers(const Collection& of = {"t", "m"}) {
    std::vector<std::string> out;
    const std::vector<LogRow> rows = *ledger->rows(of, 100);
    for (const LogRow& row : rows) out.push_back(row.answer);
    return out;
  }
  using Texts = std::vector<std::string>;

  TempFolder temp;
  test::ManualClock clock;
  Ledger::Options options;
  std::unique_ptr<Ledger> ledger;
};

TEST_F(LedgerTest, AModelIsCreatedOnceAlsoAfterARestart) {
  EXPECT_EQ(ledger->register_model({"t", "m"}), Registered::created);
  EXPECT_EQ(ledger->register_model({"t", "m"}), Registered::was_there);
  EXPECT_EQ(ledger->register_model({"u", "m"}), Registered::created);
  open();
  EXPECT_EQ(ledger->register_model({"t", "m"}), Registered::was_there);
}

TEST_F(LedgerTest, RowsComeBackNewestFirstAlsoAfterARestart) {
  log("A");
  log("B");
  EXPECT_EQ(answers(), (Texts{"B", "A"}));
  log("C");
  open();
  EXPECT_EQ(answers(), (Texts{"C", "B", "A"}));
  const LogRow row = ledger->rows({"t", "m"}, 1)->at(0);
  EXPECT_TRUE(row.hit);
  EXPECT_DOUBLE_EQ(row.seconds, 0.25);
  EXPECT_EQ(row.when, clock.wall());
}

TEST_F(LedgerTest, ForgettingAModelLeavesTheOthers) {
  log("A");
  log("B", {"u", "m"});
  ASSERT_TRUE(ledger->forget({"t", "m"}));
  EXPECT_EQ(answers(), Texts{});
  EXPECT_EQ(answers({"", ""}), Texts{"B"});
}

TEST_F(LedgerTest, OldAndSurplusRowsGo) {
  options.rows_max = 2;
  open();
  log("A");
  log("B");
  log("C");
  EXPECT_EQ(answers(), (Texts{"C", "B"}));
  clock.advance(std::chrono::hours(24 * 31));
  log("D");
  EXPECT_EQ(answers(), Texts{"D"});
}

TEST_F(LedgerTest, ALongTextIsCutAtACharacter) {
  options.row_bytes_max = 4;
  open();
  log("abc\xc3\xa9");
  EXPECT_EQ(answers(), Texts{"abc"});
}

TEST_F(LedgerTest, AFullQueueDropsRowsAndCountsThem) {
  options.queue_max = 1;
  open();
  for (int i = 0; i < 1000; ++i) log("A");
  const std::size_t kept = answers().size();
  EXPECT_EQ(kept + ledger->stats().dropped, 1000U);
  EXPECT_GT(ledger->stats().dropped, 0U);
}

TEST_F(LedgerTest, AfterTheStopNothingIsTaken) {
  ledger->stop();
  EXPECT_EQ(ledger->rows({"", ""}, 1).error().code, base::Code::cancelled);
}

TEST_F(LedgerTest, OptionsThatKeepNothingForEverAreRefused) {
  EXPECT_FALSE((Ledger::Options{.age_max = std::chrono::milliseconds(0)}.check()));
  EXPECT_FALSE((Ledger::Options{.queue_max = 0}.check()));
}

}  // namespace
}  // namespace refrain::answers
