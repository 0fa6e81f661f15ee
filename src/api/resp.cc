#include "api/resp.h"

#include "api/resp_talk.h"

namespace refrain::api {

RespDoor::RespDoor(Options options, values::Values& values, const key::Tenants& tenants,
                   base::Clock& clock)
    : shared_(std::unique_ptr<Shared>(new Shared{.options = std::move(options),
                         .values = values,
                         .tenants = tenants,
                         .clock = clock,
                         .started = clock.now(),
                         .open = {},
                         .commands = {},
                         .errors = {},
                         .refused_auth = {},
                         .protocol_errors = {},
                         .streamed_in = {},
                         .streamed_out = {},
                         .cut = {}})) {}

RespDoor::~RespDoor() = default;

std::unique_ptr<net::Talk> RespDoor::open(const net::Peer& peer,
                                          std::shared_ptr<net::Waker> waker) {
  return std::make_unique<RespTalk>(*shared_, peer, std::move(waker));
}

RespStats RespDoor::stats() const {
  const Shared& s = *shared_;
  return {.commands = s.commands.value(),
          .errors = s.errors.value(),
          .refused_auth = s.refused_auth.value(),
          .protocol_errors = s.protocol_errors.value(),
          .streamed_in = s.streamed_in.value(),
          .streamed_out = s.streamed_out.value(),
          .cut = s.cut.value()};
}

}  // namespace refrain::api
