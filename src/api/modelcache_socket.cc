#include "api/modelcache_socket.h"

#include <utility>

namespace refrain::api {
namespace {

namespace mc = wire::modelcache;

class Socket final : public net::Correspondent {
 public:
  Socket(ModelcacheDoor& door, ModelcacheDoor::Asker asker)
      : door_(door), asker_(std::move(asker)) {}

  void receive(std::shared_ptr<net::Letter> letter) override {
    mc::Frame frame = mc::read_frame(letter->text());
    ModelcacheDoor::Asker asker = asker_;
    asker.received = letter->received();
    auto done = [letter = std::move(letter),
                 id = std::move(frame.id)](const ModelcacheDoor::Reply& reply) {
      letter->reply(mc::render_frame(id, reply.body));
    };
    if (frame.fault) return done({.body = mc::render_fault(*frame.fault)});
    door_.answer(asker, mc::read_value(frame.payload), std::move(done));
  }

 private:
  ModelcacheDoor& door_;
  const ModelcacheDoor::Asker asker_;
};

}  // namespace

std::unique_ptr<net::Correspondent> modelcache_socket(ModelcacheDoor& door,
                                                      ModelcacheDoor::Asker asker) {
  return std::make_unique<Socket>(door, std::move(asker));
}

}  // namespace refrain::api
