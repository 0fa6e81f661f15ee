#include "store/readers.h"

#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

class ReadersTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = disk::sqlite::Connection::open(path_, disk::sqlite::Access::write);
    ASSERT_TRUE(made);
    ASSERT_TRUE((*made)->execute("CREATE TABLE t(a); INSERT INTO t VALUES(7)"));
  }
  StoreFolder folder_;
  const std::string path_ = folder_.path() + "/x.sqlite";
};

TEST_F(ReadersTest, LendsTheSameConnectionAgain) {
  Readers readers(path_, 2);
  disk::sqlite::Connection* first = nullptr;
  {
    auto loan = readers.borrow({});
    ASSERT_TRUE(loan);
    first = &**loan;
  }
  EXPECT_EQ(&**readers.borrow({}), first);
}

TEST_F(ReadersTest, AllOutIsBusyAtTheDeadline) {
  Readers readers(path_, 1);
  auto loan = readers.borrow({});
  ASSERT_TRUE(loan);
  auto second = readers.borrow({.deadline = std::chrono::steady_clock::now()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, "all 1 readers of the store are in use");
}

TEST_F(ReadersTest, AReaderCannotWrite) {
  Readers readers(path_, 1);
  auto loan = readers.borrow({});
  ASSERT_TRUE(loan);
  EXPECT_FALSE((**loan).execute("DELETE FROM t"));
  EXPECT_EQ(*(**loan).number("SELECT a FROM t"), 7);
}

TEST_F(ReadersTest, AFailedOpeningGivesItsPlaceBack) {
  Readers readers(folder_.path() + "/absent/x.sqlite", 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(readers.borrow({}).error().code, base::Code::io);
}

}  // namespace
}  // namespace refrain::store
