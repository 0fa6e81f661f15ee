#include "app/kv_blocks.h"

#include <condition_variable>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "tests/support/engine_probe.h"
#include "tests/support/temp_folder.h"

namespace refrain::app {
namespace {

using tests::Answered;
using tests::EngineProbe;
using tests::words;

// One process's engine over a folder of prompt KV.
class Server {
 public:
  Server(const std::string& folder, const std::string& shape) {
    kv::Options options;
    options.folder = folder;
    options.block_tokens = 16;
    options.memory_bytes_max = 0;
    auto store = kv::Store::open(options, clock_);
    EXPECT_TRUE(store) << store.error().what;
    store_ = std::move(*store);
    auto weights = llama::digest_of_file(tests::tiny_model_file(shape));
    auto blocks = KvBlocks::open(*store_, fingerprint_of(*tests::tiny_model(shape), *weights));
    EXPECT_TRUE(blocks) << blocks.error().what;
    blocks_ = std::move(*blocks);
    auto engine = engine::Engine::open(tests::tiny_model(shape), EngineProbe::small(),
                                       {clock_, blocks_.get()});
    EXPECT_TRUE(engine) << engine.error().what;
    engine_ = std::move(*engine);
  }
  ~Server() { engine_->stop(); }

  Answered complete(const std::string& prompt, const std::string& realm = "t",
                    const std::string& name = "") {
    chat::Request request;
    request.dialect = chat::Dialect::openai_completion;
    request.realm = realm;
    request.kv_name = name;
    request.body = *json::parse(EngineProbe::greedy(prompt, 8));
    auto flight = std::make_shared<chat::Flight>(std::size_t{1} << 20U);
    tests::Asked asked(flight);
    engine_->start({}, request, flight);
    return asked.result();
  }
  kv::Store& store() { return *store_; }
  bool clear(const std::string& realm) { return engine_->clear(realm).has_value(); }
  // Until that many blocks are published.
  void wait_for_blocks(std::uint64_t count) {
    std::mutex lock;
    std::condition_variable changed;
    std::unique_lock guard(lock);
    for (int i = 0; i < 20000 && store_->stats().blocks < count; ++i) {
      changed.wait_for(guard, std::chrono::milliseconds(1));
    }
    EXPECT_GE(store_->stats().blocks, count);
  }

 private:
  base::SystemClock clock_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<KvBlocks> blocks_;
  std::unique_ptr<engine::Engine> engine_;
};

class KvBlocksTest : public testing::TestWithParam<const char*> {
 protected:
  TempFolder folder_;
};

TEST_P(KvBlocksTest, APromptOfAnEarlierProcessIsRestoredWithoutChangingTheAnswer) {
  Answered first;
  {
    Server before(folder_.path(), GetParam());
    first = before.complete(words(40));
    before.wait_for_blocks(4);
  }
  Server after(folder_.path(), GetParam());
  const Answered again = after.complete(words(40));
  EXPECT_EQ(again.text(), first.text());
  EXPECT_EQ(again.reuse->rung, "prefix");
  EXPECT_GT(again.reuse->reused_tokens, again.reuse->prefilled_tokens);
}

INSTANTIATE_TEST_SUITE_P(Shapes, KvBlocksTest, testing::Values("gqa", "tied", "neox"));

TEST(KvBlocks, AnotherModelAndAnotherTenantFindNothing) {
  TempFolder folder;
  {
    Server before(folder.path(), "gqa");
    (void)before.complete(words(40));
    before.wait_for_blocks(4);
  }
  {
    Server other(folder.path(), "neox");
    EXPECT_EQ(other.complete(words(40)).reuse->rung, "none");
  }
  Server after(folder.path(), "gqa");
  EXPECT_EQ(after.complete(words(40), "u").reuse->rung, "none");
}

TEST(KvBlocks, ANamedPromptIsAnObjectWhenItsAnswerEnds) {
  TempFolder folder;
  Server server(folder.path(), "gqa");
  const Answered answer = server.complete(words(40), "t", "manual");
  ASSERT_FALSE(answer.error) << answer.error->what;
  EXPECT_EQ(answer.reuse->kv_name, "manual");
  const auto object = server.store().find("t", "manual");
  ASSERT_TRUE(object);
  EXPECT_EQ(server.store().manifest(object->id)->text, words(40));
  EXPECT_EQ(object->tokens, static_cast<std::uint64_t>(answer.used("prompt_tokens")));
  ASSERT_FALSE(server.complete(words(40), "t", "again").error);  // of blocks that are there
  EXPECT_TRUE(server.store().find("t", "again"));
}

TEST(KvBlocks, ANameThatIsNoneFailsTheAnswerWithTheReason) {
  TempFolder folder;
  Server server(folder.path(), "gqa");
  const Answered answer = server.complete(words(40), "t", "a/b");
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, base::Code::invalid);
}

TEST(KvBlocks, AClearedTenantIsComputedAgainAlsoAfterARestart) {
  TempFolder folder;
  {
    Server before(folder.path(), "gqa");
    (void)before.complete(words(40), "u");
    (void)before.complete(words(40));
    before.wait_for_blocks(8);
    ASSERT_TRUE(before.clear("t"));
    EXPECT_EQ(before.complete(words(40)).reuse->rung, "none");
    ASSERT_TRUE(before.clear("t"));
  }
  Server after(folder.path(), "gqa");
  EXPECT_EQ(after.complete(words(40)).reuse->rung, "none");
  EXPECT_EQ(after.complete(words(40), "u").reuse->rung, "prefix");
}

}  // namespace
}  // namespace refrain::app
