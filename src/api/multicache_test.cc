#include "api/multicache.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "tests/support/answers_probe.h"
#include "tests/support/fake_exchange.h"

namespace refrain::api {
namespace {

// A BMP of 32 x 32 pixels whose shade is made of x and y.
std::string picture(int (*shade)(int x, int y), int brighter = 0) {
  auto number = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
    return out;
  };
  std::string out = "BM" + number(54 + 32 * 32 * 3, 4) + number(0, 4) + number(54, 4);
  out += number(40, 4) + number(32, 4) + number(32, 4) + number(1, 2) + number(24, 2);
  out += std::string(24, '\0');
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) {
      out += std::string(3, static_cast<char>(shade(x, y) / 2 + brighter));
    }
  }
  return base::to_base64(out);
}
int rings(int x, int y) { return (x * x + y * y) / 3 % 256; }
int stripes(int x, int y) { return x * 40 % 256 / (1 + y / 16); }

struct MulticacheTest : testing::Test, test::AnswersProbe {
  MulticacheTest() {
    embedder.set("a", 1);
    embedder.set("b", 0.95F);
  }
  std::string post(const std::string& body, bool certain = true) {
    answers::Service& answers = service();
    if (!door) door.emplace(ModelcacheDoor::Options{}, answers, pictures, clock);
    auto exchange = net::FakeExchange::make("POST", "/multicache", body);
    exchange->request().received = clock.now();
    Visit visit{exchange, "req-1", {}, certain};
    visit.tenant.id = "t";
    door->handle(visit);
    EXPECT_TRUE(exchange->wait_closed());
    return exchange->body();
  }
  std::string insert(const std::string& query, const std::string& answer = "A") {
    return post(R"({"request_type":"insert","scope":{"model":"m"},"chat_info":[{"query":{)" +
                query + R"(},"answer":")" + answer + R"("}]})");
  }
  std::string query(const std::string& members) {
    return post(R"({"request_type":"query","scope":{"model":"m"},"query":{)" + members + "}}");
  }
  std::string answer(const std::string& members) {
    return std::string(json::parse(query(members))->text("answer"));
  }
  static std::string with(const std::string& raw, const std::string& text = "") {
    return R"("multiType":"IMG_TEXT","imageRaw":")" + raw + "\"" +
           (text.empty() ? "" : R"(,"text":[")" + text + "\"]");
  }
  static constexpr const char* kText = R"("multiType":"TEXT","text":["a"])";

  answers::Pictures pictures{{}};
  std::optional<MulticacheDoor> door;
};

TEST_F(MulticacheTest, ModalitiesAreApart) {
  insert(with(picture(rings), "a"), "both");
  EXPECT_EQ(answer(kText), "");
  insert(kText, "text");
  EXPECT_EQ(answer(kText), "text");
  EXPECT_EQ(answer(with(picture(rings), "a")), "both");
  EXPECT_EQ(answer(with(picture(rings))), "");
}

TEST_F(MulticacheTest, TheTextIsComparedByMeaningUnderTheSameImage) {
  insert(with(picture(rings), "a"));
  EXPECT_EQ(answer(with(picture(rings), "b")), "A");
  EXPECT_EQ(answer(with(picture(stripes), "b")), "");
}

TEST_F(MulticacheTest, AnImageThatLooksTheSameIsTheSame) {
  insert(with(picture(rings)));
  EXPECT_EQ(answer(with(picture(rings, 9))), "A");
  EXPECT_EQ(answer(with(picture(stripes))), "");
}

TEST_F(MulticacheTest, AnImageIsKnownByItsIdOrUrlToo) {
  insert(R"("imageId":"ccc","text":["a"])", "id");
  insert(R"("imageUrl":"http://h/a.png","text":["a"])", "url");
  EXPECT_EQ(answer(R"("imageId":"ccc","text":["a"],"multiType":"IMG_TEXT")"), "id");
  EXPECT_EQ(answer(R"("imageUrl":"http://h/a.png","text":["a"])"), "url");
  EXPECT_EQ(answer(R"("imageId":"ddd","text":["a"])"), "");
}

TEST_F(MulticacheTest, AHitShowsTheImageAndTheQuestion) {
  insert(R"("imageUrl":"u","imageId":"i","text":["a"])");
  EXPECT_EQ(query(R"("imageUrl":"u","text":["b"])"),
            R"({"errorCode":0,"errorDesc":"","cacheHit":true,"delta_time":"0.00s",)"
            R"("hit_query":{"image_url":"u","image_id":"i","question":"a"},"answer":"A"})");
}

TEST_F(MulticacheTest, BothImageFieldsAreAnError) {
  EXPECT_TRUE(query(R"("imageRaw":"YWJj","imageUrl":"u")").starts_with(R"({"errorCode":301)"));
  EXPECT_TRUE(post("{}", false).starts_with(R"({"errorCode":403)"));
  EXPECT_TRUE(post(R"({"type":"query","scope":{"model":"DI_COPILOT_LAB"},"query":{"text":["a"]}})")
                  .starts_with(R"({"errorCode":105)"));
}

TEST_F(MulticacheTest, TruncateForgetsTheImages) {
  insert(with(picture(rings)));
  EXPECT_EQ(pictures.size(), 1U);
  EXPECT_TRUE(post(R"({"type":"remove","scope":{"model":"m"},"remove_type":"truncate_by_model"})")
                  .contains("delete_count: 1"));
  EXPECT_EQ(pictures.size(), 0U);
  EXPECT_EQ(answer(with(picture(rings))), "");
}

TEST_F(MulticacheTest, TheOtherDoorsEntriesAreNotItsOwn) {
  AnswersProbe::insert({{"a", "other"}});
  EXPECT_EQ(answer(kText), "");
  EXPECT_TRUE(post(R"({"type":"remove","scope":{"model":"m"},"remove_type":"truncate_by_model"})")
                  .contains("delete_count: 0"));
}

}  // namespace
}  // namespace refrain::api
