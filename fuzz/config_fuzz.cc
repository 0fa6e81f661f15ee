// A settings file and a keys file from hostile bytes: each is read or refused with a sentence, and
// settings that were read print as a file that says the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/config.h"
#include "app/keys.h"
#include "app/settings.h"
#include "base/check.h"

namespace app = refrain::app;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto rows = app::parse_keys(text, "keys.toml");
  CHECK(rows ? !rows->empty() : rows.error().what.starts_with("keys.toml"),
        "tenants, or what is wrong with the file");

  static const app::Values kDefaults = app::layer({}).value();
  app::Values values = kDefaults;
  if (auto read = app::read_settings(text, "a.toml", values); !read) {
    CHECK(read.error().what.starts_with("a.toml"), "an error names its file");
    return 0;
  }
  auto config = app::configure(values);
  CHECK(config || !config.error().what.empty(), "an error says what is wrong");
  app::Values again = kDefaults;
  auto printed = app::read_settings(app::print(values), "b.toml", again);
  CHECK(printed.has_value(), "what is printed cannot be read");
  for (const app::Setting& setting : app::settings()) {
    if (setting.secret) continue;
    auto spoken = [&](const app::Values& all) {  // nothing and "" are the same
      auto texts = all.at(setting.name).texts;
      return texts.empty() ? std::vector<std::string>{""} : texts;
    };
    if (setting.list && values.at(setting.name).texts.empty()) continue;
    CHECK(spoken(again) == spoken(values), "printing changed a setting");
  }
  return 0;
}
