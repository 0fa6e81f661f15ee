#include "api/modelcache_socket.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/answers_probe.h"

namespace refrain::api {
namespace {

class FakeLetter final : public net::Letter {
 public:
  FakeLetter(std::string text, base::Instant received)
      : text_(std::move(text)), received_(received) {}
  const std::string& text() const override { return text_; }
  base::Instant received() const override { return received_; }
  void reply(std::string text) override { reply_.set_value(std::move(text)); }
  std::string wait() { return reply_.get_future().get(); }

 private:
  std::string text_;
  base::Instant received_;
  std::promise<std::string> reply_;
};

struct ModelcacheSocketTest : testing::Test, test::AnswersProbe {
  ModelcacheSocketTest() {
    answers::Service& answers = service();
    door.emplace(ModelcacheDoor::Options{}, answers, *ledger, clock);
    socket = modelcache_socket(*door, {"t", true, {}});
    embedder.set("a", 1);
    embedder.set("b", 0.95F);
  }
  std::shared_ptr<FakeLetter> send(const std::string& text) {
    auto letter = std::make_shared<FakeLetter>(text, clock.now());
    socket->receive(letter);
    return letter;
  }
  static std::string query(const std::string& id, const std::string& content) {
    return R"({"requestId":")" + id +
           R"(","payload":{"type":"query","scope":{"model":"m"},"query":[{"role":"user",)"
           R"("content":")" +
           content + R"("}]}})";
  }
  static std::string result(const std::string& frame) {
    return json::write(*json::parse(frame)->find("result"));
  }

  std::optional<ModelcacheDoor> door;
  std::unique_ptr<net::Correspondent> socket;
};

TEST_F(ModelcacheSocketTest, AReplyCarriesTheIdOfItsRequest) {
  insert({{"a", "A"}});
  EXPECT_EQ(send(query("r1", "a"))->wait(),
            R"({"requestId":"r1","result":{"errorCode":0,"errorDesc":"","cacheHit":true,)"
            R"("delta_time":"0.00s","hit_query":"user###a","answer":"A"}})");
}

TEST_F(ModelcacheSocketTest, AFastRequestOvertakesASlowOne) {
  insert({{"a", "A"}});
  embedder.close_gate();
  const auto slow = send(query("slow", "b"));
  EXPECT_TRUE(send(query("fast", "a"))->wait().contains("fast"));
  embedder.open_gate();
  EXPECT_TRUE(slow->wait().contains("slow"));
}

TEST_F(ModelcacheSocketTest, FaultsCarryTheIdToo) {
  EXPECT_TRUE(send(R"({"requestId":"r3"})")
                  ->wait()
                  .starts_with(R"({"requestId":"r3","result":{"errorCode":400)"));
  EXPECT_TRUE(send(R"({"requestId":5,"payload":{"type":"zap"}})")
                  ->wait()
                  .starts_with(R"({"requestId":5,"result":{"errorCode":102)"));
  EXPECT_TRUE(send("[]")->wait().starts_with(R"({"requestId":null,"result":{"errorCode":400)"));
}

}  // namespace
}  // namespace refrain::api
