// Any bytes are read or refused; what was read is written and read again as the same value.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/value.h"

namespace json = refrain::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (json::Duplicates duplicates : {json::Duplicates::refuse, json::Duplicates::keep_last}) {
    refrain::base::Result<json::Value> value = json::parse(text, {.duplicates = duplicates});
    if (!value) continue;
    refrain::base::Result<json::Value> again = json::parse(json::write(*value));
    CHECK(again && *again == *value, "a written value is read back as another one");
    value->as_int();
    value->as_double();
  }
  return 0;
}
