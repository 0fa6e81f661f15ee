#include "api/status.h"
#include "api/voice.h"
#include "base/clock.h"
#include "wire/openai.h"
#include "wire/sse.h"

namespace refrain::api {
namespace {

namespace openai = wire::openai;

class OpenaiVoice final : public Voice {
 public:
  OpenaiVoice(chat::Origin origin, bool shows_usage)
      : options_{origin, shows_usage ? openai::ShowUsage::yes : openai::ShowUsage::no},
        fresh_{openai::fresh_id(origin),
               std::chrono::duration_cast<std::chrono::seconds>(
                   base::SystemClock().wall().time_since_epoch()).count()} {}

  std::string whole(const chat::Answer& answer, const chat::Head&, serve::Outcome) override {
    return openai::render_reply(answer, fresh_);
  }

  void begin(const chat::Head& head) override { delivery_ = head.delivery; }

  void event(const chat::Event& event, std::string& out) override {
    if (delivery_ == chat::Delivery::stream) {
      openai::render_chunk(event, fresh_, options_, out);
      return;
    }
    for (const auto& step : openai::split(options_.origin, event)) {
      openai::render_chunk(*step, fresh_, options_, out);
    }
  }

  void end(std::string& out) override { out += wire::kDone; }

  void broken(const base::Error& error, std::string_view upstream, std::string& out) override {
    if (!upstream.empty()) {
      out += "data: ";
      out += upstream;
      out += "\n\n";
      return;
    }
    out += openai::error_event({error.what, "server_error", "", base::name(error.code)});
  }

  std::string error(const base::Error& error, int status) override {
    return openai::error_body(
        {error.what, openai_type(status), openai::param_of(error), base::name(error.code)});
  }

 private:
  openai::ChunkOptions options_;
  openai::Fresh fresh_;
  chat::Delivery delivery_ = chat::Delivery::stream;
};

}  // namespace

std::unique_ptr<Voice> openai_voice(chat::Origin origin, bool shows_usage) {
  return std::make_unique<OpenaiVoice>(origin, shows_usage);
}

}  // namespace refrain::api
