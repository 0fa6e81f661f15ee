#include "llama/backend.h"

#include <mutex>
#include <string_view>

#include "base/log.h"
#include "llama.h"

namespace refrain::llama {
namespace {

thread_local ErrorCapture* capture = nullptr;

// "llama_model_load: error loading model: cause\n" -> "error loading model: cause"
std::string_view sentence(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with(' ')) line.remove_suffix(1);
  const auto colon = line.find(": ");
  if (colon != std::string_view::npos &&
      line.substr(0, colon).find(' ') == std::string_view::npos) {
    line.remove_prefix(colon + 2);
  }
  return line;
}

void on_line(ggml_log_level level, const char* text, void* /*user*/) {
  if (level == GGML_LOG_LEVEL_ERROR) {
    keep_or_log(std::string(sentence(text)));
  } else if (level == GGML_LOG_LEVEL_WARN) {
    base::log::debug("llama.cpp warns", {{"line", sentence(text)}});
  }
}

}  // namespace

void start_backend() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(on_line, nullptr);
    llama_backend_init();
  });
}

void keep_or_log(const std::string& line) {
  if (!capture) {
    base::log::warn("llama.cpp failed", {{"line", line}});
  } else if (capture->first_.empty()) {
    capture->first_ = line;
  }
}

ErrorCapture::ErrorCapture() { capture = this; }
ErrorCapture::~ErrorCapture() { capture = nullptr; }

}  // namespace refrain::llama
