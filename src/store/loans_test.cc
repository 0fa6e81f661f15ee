#include "store/loans.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace refrain::store {
namespace {

struct Wire {
  bool dead = false;
  bool lost() const { return dead; }
};

class StoreLoans : public testing::Test {
 protected:
  Loans<Wire>::Made make() {
    if (!server_up) return base::fail(base::Code::unavailable, "nobody there");
    ++made;
    return std::make_unique<Wire>();
  }
  test::ManualClock clock;
  bool server_up = true;
  int made = 0;
  Loans<Wire> loans{[this] { return make(); }, 2, clock};
};

TEST_F(StoreLoans, AConnectionIsUsedAgain) {
  ASSERT_TRUE(loans.borrow({}));
  EXPECT_TRUE(loans.borrow({})->used());
  EXPECT_EQ(made, 1);
}

TEST_F(StoreLoans, MoreThanTheLimitAreBusy) {
  auto one = loans.borrow({}), two = loans.borrow({});
  auto three = loans.borrow({.deadline = std::chrono::steady_clock::now()});
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().code, base::Code::busy);
}

TEST_F(StoreLoans, ADeadConnectionIsNotLentAgain) {
  (**loans.borrow({})).dead = true;
  EXPECT_FALSE(loans.borrow({})->used());
  EXPECT_EQ(made, 2);
}

TEST_F(StoreLoans, ADeadServerIsLeftAloneForAWhileThatGrows) {
  server_up = false;
  EXPECT_FALSE(loans.borrow({}));
  server_up = true;
  auto early = loans.borrow({});
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().what, "the database did not answer a moment ago");
  clock.advance(pause_after(0));
  EXPECT_TRUE(loans.borrow({}));
  EXPECT_EQ(pause_after(1), 2 * pause_after(0));
  EXPECT_EQ(pause_after(1000), std::chrono::seconds(5));
}

TEST_F(StoreLoans, WorkIsDoneAgainWhenAnIdleConnectionTurnsOutDead) {
  ASSERT_TRUE(loans.borrow({}));
  int tries = 0;
  auto result = loans.with({}, [&](Wire& wire) -> base::Result<int> {
    if (++tries == 2) return 7;
    wire.dead = true;
    return base::fail(base::Code::unavailable, "gone");
  });
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 7);
  EXPECT_EQ(made, 2);
}

TEST_F(StoreLoans, WorkThatFailsOnANewConnectionIsNotDoneAgain) {
  int tries = 0;
  auto result = loans.with({}, [&](Wire& wire) -> base::Result<int> {
    ++tries;
    wire.dead = true;
    return base::fail(base::Code::unavailable, "gone");
  });
  EXPECT_FALSE(result);
  EXPECT_EQ(tries, 1);
}

}  // namespace
}  // namespace refrain::store
