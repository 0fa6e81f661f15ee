#include "app/engine_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace refrain::app {
namespace {

using testing::HasSubstr;

TEST(EngineSetup, AModelFileBecomesAnEngineThatListsItself) {
  base::SystemClock clock;
  ModelConfig config;
  config.file = tests::tiny_model_file("gqa");
  config.engine.cells = 256;
  config.engine.threads = 1;
  auto local = open_local_model(config, clock, nullptr);
  ASSERT_TRUE(local) << local.error().what;
  EXPECT_TRUE(local->blocks);
  auto list = models_body(*local->engine, "/v1/models");
  ASSERT_TRUE(list);
  EXPECT_THAT(*list, HasSubstr(R"("id":"tiny-llm","object":"model")"));
  EXPECT_TRUE(models_body(*local->engine, "/v1/models/tiny-llm"));
  EXPECT_FALSE(models_body(*local->engine, "/v1/models/other"));
}

TEST(EngineSetup, AFileThatIsNoModelIsNamed) {
  base::SystemClock clock;
  ModelConfig config;
  config.file = "/nonexistent.gguf";
  auto local = open_local_model(config, clock, nullptr);
  ASSERT_FALSE(local);
  EXPECT_THAT(local.error().what, HasSubstr("/nonexistent.gguf"));
}

}  // namespace
}  // namespace refrain::app
