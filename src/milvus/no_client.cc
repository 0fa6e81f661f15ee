// In place of grpc_client.cc where gRPC is not built in.
#include "milvus/client.h"

namespace refrain::milvus {

bool built_in() noexcept { return false; }

base::Result<std::unique_ptr<Client>> open_client(const Place& place) {
  TRY_DO(place.check());
  return base::fail(base::Code::unsupported,
                    "this build cannot speak to Milvus: configure it with -DREFRAIN_MILVUS=ON");
}

}  // namespace refrain::milvus
