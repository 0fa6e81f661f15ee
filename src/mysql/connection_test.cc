#include "mysql/connection.h"

#include <gmock/gmock.h>

#include "tests/support/database_servers.h"

namespace refrain::mysql {
namespace {

using testing::HasSubstr;
using testing::Not;

class MysqlConnection : public testing::Test {
 protected:
  Options options() {
    return {.port = server_.port(), .user = "refrain", .password = "secret", .database = "refrain"};
  }
  std::unique_ptr<Connection> connect() {
    auto made = Connection::open(options());
    EXPECT_TRUE(made) << made.error().what;
    return made ? std::move(*made) : nullptr;
  }
  MariadbServer server_;
};

TEST_F(MysqlConnection, BytesNumbersAndNullComeBackAsTheyWere) {
  auto connection = connect();
  ASSERT_TRUE(connection->execute("CREATE TABLE t(n BIGINT, b LONGBLOB)"));
  const std::string bytes = std::string("a\0\xff", 3) + std::string(100000, 'x');
  Parameter row[] = {std::int64_t{-5}, std::string_view(bytes)};
  Parameter nothing[] = {nullptr, nullptr};
  ASSERT_TRUE(connection->query("INSERT INTO t VALUES(?, ?)", row));
  ASSERT_TRUE(connection->query("INSERT INTO t VALUES(?, ?)", nothing));
  auto rows = connection->query("SELECT n, b FROM t ORDER BY n IS NULL");
  ASSERT_TRUE(rows) << rows.error().what;
  ASSERT_TRUE(*rows->next());
  EXPECT_EQ(rows->integer(0), -5);
  EXPECT_EQ(rows->bytes(1), bytes);
  ASSERT_TRUE(*rows->next());
  EXPECT_TRUE(rows->is_null(0));
  EXPECT_TRUE(rows->is_null(1));
  EXPECT_FALSE(*rows->next());
}

TEST_F(MysqlConnection, ErrorsHaveACauseAndNeverThePassword) {
  Options wrong = options();
  wrong.password = "tell-nobody";
  auto refused = Connection::open(wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::invalid);
  EXPECT_THAT(refused.error().what, Not(HasSubstr("tell-nobody")));
  auto connection = connect();
  ASSERT_TRUE(connection->execute("CREATE TABLE k(n BIGINT PRIMARY KEY)"));
  ASSERT_TRUE(connection->execute("INSERT INTO k VALUES(1)"));
  EXPECT_EQ(connection->query("INSERT INTO k VALUES(1)").error().code, base::Code::conflict);
  EXPECT_EQ(connection->execute("SELEC").error().code, base::Code::invalid);
  EXPECT_FALSE(connection->lost());
}

TEST_F(MysqlConnection, AServerThatDiesLosesTheConnection) {
  auto connection = connect();
  ASSERT_TRUE(connection->number("SELECT 1"));
  server_.crash();
  EXPECT_EQ(connection->number("SELECT 1").error().code, base::Code::unavailable);
  EXPECT_TRUE(connection->lost());
  EXPECT_EQ(Connection::open(options()).error().code, base::Code::unavailable);
}

TEST_F(MysqlConnection, AReadOnlyServerSaysSo) {
  Options root = options();
  root.user = "root";
  root.password = "";
  auto administrator = Connection::open(root);
  ASSERT_TRUE(administrator) << administrator.error().what;
  auto connection = connect();
  ASSERT_TRUE((*administrator)->execute("SET GLOBAL read_only = 1"));
  auto made = connection->execute("CREATE TABLE r(n BIGINT)");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, base::Code::io);
  EXPECT_THAT(made.error().what, HasSubstr("read-only"));
}

TEST_F(MysqlConnection, WithoutACertificateTlsIsRefusedNotSkipped) {
  Options strict = options();
  strict.tls = Tls::verify;
  auto refused = Connection::open(strict);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::unavailable) << refused.error().what;
}

}  // namespace
}  // namespace refrain::mysql
