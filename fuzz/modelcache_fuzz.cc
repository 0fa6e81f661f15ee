// Any bytes are a request, a frame or a spliced text, or are refused; what is read can be written.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "chat/conversation.h"
#include "wire/modelcache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mc = refrain::wire::modelcache;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto request = mc::read_request(bytes)) {
    const std::string spliced = refrain::chat::splice(request->query);
    const auto turns = refrain::chat::unsplice(spliced);
    CHECK(turns && turns->size() == request->query.size(), "a splice that cannot be undone");
  } else {
    CHECK(refrain::json::parse(mc::render_fault(request.error())), "a fault that is no JSON");
  }
  const mc::Frame frame = mc::read_frame(bytes);
  CHECK(refrain::json::parse(mc::render_frame(frame.id, "{}")), "a frame that is no JSON");
  if (const auto turns = refrain::chat::unsplice(bytes)) {
    CHECK(refrain::chat::unsplice(refrain::chat::splice(*turns)) == turns, "turns that change");
  }
  return 0;
}
