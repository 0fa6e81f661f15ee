#include "wire/multicache.h"

#include <gtest/gtest.h>

namespace refrain::wire::multicache {
namespace {

using modelcache::Kind;

std::string query(const std::string& members) {
  return R"({"request_type":"query","scope":{"model":"m"},"query":{)" + members + "}}";
}
std::string fault_of(const std::string& body) {
  auto request = read_request(body);
  return request ? "" : std::to_string(request.error().code) + " " + request.error().what;
}

TEST(Multicache, ATextQueryJoinsItsTexts) {
  const Request request = *read_request(query(R"("text":["a","b"],"imageRaw":"","imageId":"")"));
  EXPECT_EQ(request.query.modality, Modality::text);
  EXPECT_EQ(request.query.text, "a###b");
}

TEST(Multicache, AnImageComesAsBytesDataUrlUrlOrId) {
  EXPECT_EQ(read_request(query(R"("imageRaw":"YWJj")"))->query.image_raw, "abc");
  EXPECT_EQ(read_request(query(R"("imageRaw":"data:image/png;base64,YWJj")"))->query.image_raw,
            "abc");
  for (const char* image : {R"("imageUrl":"http://h/a.png")", R"("imageId":"ccc")"}) {
    EXPECT_EQ(read_request(query(image))->query.modality, Modality::image_and_text) << image;
  }
}

TEST(Multicache, TheTypeSaysWhetherTheImageCounts) {
  EXPECT_EQ(read_request(query(R"("text":["a"],"imageId":"c","multiType":"TEXT")"))->query.modality,
            Modality::text);
  EXPECT_TRUE(fault_of(query(R"("text":["a"],"multiType":"IMG_TEXT")")).contains("without"));
}

TEST(Multicache, WhatIsWrongIs301) {
  EXPECT_TRUE(
      fault_of(query(R"("imageRaw":"YWJj","imageUrl":"http://h/a.png")")).starts_with("301"));
  for (const char* bad : {R"("text":[])", R"("text":[5])", R"("imageRaw":"#")", R"("imageRaw":5)",
                          R"("text":["a"],"multiType":"VIDEO")"}) {
    EXPECT_TRUE(fault_of(query(bad)).starts_with("301")) << bad;
  }
  EXPECT_TRUE(fault_of(R"({"request_type":"query","scope":5})").starts_with("301"));
  EXPECT_TRUE(fault_of("{").starts_with("400"));
  EXPECT_TRUE(fault_of(R"({"type":"zap","scope":{"model":"m"}})").starts_with("102"));
}

TEST(Multicache, AnInsertAndARemoveInAString) {
  const std::string insert = R"({"type":"insert","scope":{"model":"m"},
      "chat_info":[{"query":{"text":["a"],"imageId":"c"},"answer":"A"}]})";
  EXPECT_EQ(read_request(json::write(json::Value(insert)))->answers.at(0).answer, "A");
  EXPECT_EQ(read_request(R"({"request_type":"remove","scope":{"model":"m"},
      "remove_type":"delete_by_id","id_list":[1]})")
                ->ids,
            std::vector<std::uint64_t>{1});
}

TEST(Multicache, AFaultHasTheShapeOfItsRequest) {
  EXPECT_EQ(render_fault({301, "why"}, Kind::query),
            R"({"errorCode":301,"errorDesc":"why","cacheHit":false,"delta_time":0,)"
            R"("hit_query":"","answer":""})");
  EXPECT_EQ(render_fault({301, "why"}, Kind::insert),
            R"({"errorCode":301,"errorDesc":"why","writeStatus":"exception"})");
}

TEST(Multicache, AHitShowsImageAndQuestion) {
  EXPECT_EQ(json::write(shown({Modality::image_and_text, "a", "", "u", "i"})),
            R"({"image_url":"u","image_id":"i","question":"a"})");
}

}  // namespace
}  // namespace refrain::wire::multicache
