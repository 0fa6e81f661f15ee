// Any JSON has an identity, under each dialect; writing a value anew does not change its canonical
// bytes, and key and space of one request never meet.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "key/controls.h"
#include "key/identity.h"

namespace chat = refrain::chat;
namespace json = refrain::json;
namespace key = refrain::key;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  refrain::base::Result<json::Value> value = json::parse(text);
  if (!value) {
    // No JSON: good enough for a header.
    for (const char* name :
         {"cache-control", "x-refrain-ttl", "x-refrain-tags", "x-bf-cache-ttl"}) {
      auto read = key::controls({{name, std::string(text)}}, json::Value(), {});
      CHECK(read || !read.error().what.empty(), "an error says what is wrong");
    }
    return 0;
  }
  refrain::base::Result<json::Value> again = json::parse(json::write(*value));
  std::string one, other;
  key::canonical(*value, one);
  key::canonical(again.value(), other);
  CHECK(one == other, "writing a value changed its canonical bytes");

  chat::Request request;
  request.model = value->text("model");
  request.body = std::move(*value);
  for (chat::Dialect dialect :
       {chat::Dialect::openai_chat, chat::Dialect::openai_completion,
        chat::Dialect::openai_embedding, chat::Dialect::tgi, chat::Dialect::gkv}) {
    request.dialect = dialect;
    key::Identity identity = key::identify(request, {.tenant = "t"});
    CHECK(identity.exact != identity.space, "key and space met");
  }
  CHECK(key::controls({}, request.body, {}), "a body cannot make controls fail");
  return 0;
}
