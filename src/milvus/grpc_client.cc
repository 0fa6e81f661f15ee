// The only file that sees gRPC and Milvus's protocol, whose types are generated at build time from
// the pinned protocol package (tools/milvus/descriptors.py).
//
// A collection has three fields: `id`, the entry's, as primary key; `space`, 32 hex digits, as
// partition key, so that Milvus keeps the vectors of few spaces together and a search that names
// its space reads little else; `vector`, with an HNSW index by inner product, which is the cosine
// of unit vectors. One collection for all spaces of an embedder, since Milvus holds some thousands
// of collections, and there may be more tenants.
//
// Reads ask for bounded staleness: waiting for the newest write (strong) takes a good part of a
// second on a cluster, and what was just written is answered by who wrote it (vectors.cc).
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/hash.h"
#include "milvus.grpc.pb.h"
#include "milvus/client.h"

namespace refrain::milvus {
namespace {

namespace wire = ::milvus::proto::milvus;
namespace schema = ::milvus::proto::schema;
namespace shared = ::milvus::proto::common;  // Milvus's name for it

using base::Code;
using base::fail;
using base::Result;

constexpr std::chrono::seconds kCallMax{30};  // of a call without a deadline
constexpr int kMessageMax = 64 << 20;
constexpr std::int32_t kCollectionNotFound = 100, kCollectionNotLoaded = 101;
constexpr const char* kId = "id";
constexpr const char* kSpace = "space";
constexpr const char* kVector = "vector";

base::Error call_error(const grpc::Status& status, std::string_view what) {
  Code code = Code::internal;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) code = Code::unavailable;
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) code = Code::deadline;
  if (status.error_code() == grpc::StatusCode::CANCELLED) code = Code::cancelled;
  return {code, fmt::format("milvus {}: {}", what, status.error_message())};
}

// Some calls answer with a status, the others with one inside.
const shared::Status& status_of(const shared::Status& reply) { return reply; }
template <class Reply>
const shared::Status& status_of(const Reply& reply) {
  return reply.status();
}

template <class Reply>
std::optional<base::Error> error_of(const Reply& reply, std::string_view what) {
  const shared::Status& status = status_of(reply);
  if (status.code() == 0) return std::nullopt;
  const bool gone = status.code() == kCollectionNotFound || status.code() == kCollectionNotLoaded;
  return base::Error{gone ? Code::not_found : Code::internal,
                     fmt::format("milvus {}: {} ({})", what, status.reason(), status.code())};
}

template <class Pairs>
void add(Pairs* pairs, std::string key, std::string value) {
  shared::KeyValuePair* pair = pairs->Add();
  pair->set_key(std::move(key));
  pair->set_value(std::move(value));
}

std::string name_of(const key::Key& space) { return base::hex(space); }

class GrpcClient final : public Client {
 public:
  explicit GrpcClient(const Place& place) : place_(place) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMessageMax);
    // A server that comes back is found again within a second, not within two minutes.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const std::string target = fmt::format("{}:{}", place.host, place.port);
    stub_ = wire::MilvusService::NewStub(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
  }

  Result<Found> open_collection(const base::Call& call) override;
  Result<> upsert(const base::Call& call, std::span<const Row> rows) override;
  Result<> erase(const base::Call& call, std::span<const key::EntryId> ids) override;
  Result<std::vector<index::Neighbour>> search(const base::Call& call, const key::Key& space,
                                               std::span<const float> query,
                                               std::size_t k) override;
  Result<std::vector<key::EntryId>> ids(const base::Call& call, key::EntryId above,
                                        key::EntryId upto, std::size_t limit) override;
  Result<std::uint64_t> count(const base::Call& call) override;
  Result<> drop(const base::Call& call) override;

 private:
  template <class Request, class Reply>
  using Method = grpc::Status (wire::MilvusService::StubInterface::*)(grpc::ClientContext*,
                                                                      const Request&, Reply*);

  template <class Request>
  Request named() const {
    Request request;
    request.set_collection_name(place_.collection);
    return request;
  }

  template <class Request, class Reply>
  Result<Reply> exchange(const base::Call& call, std::string_view what,
                         Method<Request, Reply> method, const Request& request) {
    grpc::ClientContext context;
    const base::Instant latest = base::SystemClock().now() + kCallMax;
    const auto left = std::min(call.deadline, latest) - base::SystemClock().now();
    context.set_deadline(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                     gpr_time_from_nanos(std::chrono::nanoseconds(left).count(), GPR_TIMESPAN)));
    if (!place_.key.empty()) {
      context.AddMetadata("authorization", base::to_base64(place_.key));
    }
    std::stop_callback stopped(call.stop, [&] { context.TryCancel(); });
    Reply reply;
    const grpc::Status status = (*stub_.*method)(&context, request, &reply);
    if (!status.ok()) {
      base::Error error = call_error(status, what);
      return fail(error.code, std::move(error.what));
    }
    if (std::optional<base::Error> error = error_of(reply, what)) {
      return fail(error->code, std::move(error->what));
    }
    return reply;
  }

  Result<> create(const base::Call& call);
  Result<> check_schema(const schema::CollectionSchema& there) const;

  const Place place_;
  std::unique_ptr<wire::MilvusService::StubInterface> stub_;
};

schema::CollectionSchema schema_of(const Place& place) {
  schema::CollectionSchema out;
  out.set_name(place.collection);
  out.set_description("semantic cache of Refrain; can be made again from its records");
  schema::FieldSchema* id = out.add_fields();
  id->set_name(kId);
  id->set_data_type(schema::Int64);
  id->set_is_primary_key(true);
  schema::FieldSchema* space = out.add_fields();
  space->set_name(kSpace);
  space->set_data_type(schema::VarChar);
  space->set_is_partition_key(true);
  add(space->mutable_type_params(), "max_length", "32");
  schema::FieldSchema* vector = out.add_fields();
  vector->set_name(kVector);
  vector->set_data_type(schema::FloatVector);
  add(vector->mutable_type_params(), "dim", std::to_string(place.dim));
  return out;
}

Result<> GrpcClient::check_schema(const schema::CollectionSchema& there) const {
  std::string dim = "no";
  bool has_id = false, has_space = false;
  for (const schema::FieldSchema& field : there.fields()) {
    has_id |= field.name() == kId && field.data_type() == schema::Int64 && field.is_primary_key();
    has_space |= field.name() == kSpace && field.data_type() == schema::VarChar;
    if (field.name() != kVector || field.data_type() != schema::FloatVector) continue;
    for (const shared::KeyValuePair& pair : field.type_params()) {
      if (pair.key() == "dim") dim = pair.value();
    }
  }
  if (has_id && has_space && dim == std::to_string(place_.dim)) return {};
  return fail(Code::invalid,
              fmt::format("milvus collection {} has {} dimensions or other fields, {} dimensions "
                          "are wanted: drop it, it can be made again from the records",
                          place_.collection, dim, place_.dim));
}

Result<> GrpcClient::create(const base::Call& call) {
  auto request = named<wire::CreateCollectionRequest>();
  request.set_schema(schema_of(place_).SerializeAsString());
  request.set_consistency_level(shared::Bounded);
  TRY_DO(exchange(call, "create", &wire::MilvusService::StubInterface::CreateCollection, request));
  auto index = named<wire::CreateIndexRequest>();
  index.set_field_name(kVector);
  index.set_index_name(kVector);
  add(index.mutable_extra_params(), "index_type", "HNSW");
  add(index.mutable_extra_params(), "metric_type", "IP");
  add(index.mutable_extra_params(), "params", R"({"M":16,"efConstruction":200})");
  TRY_DO(exchange(call, "index", &wire::MilvusService::StubInterface::CreateIndex, index));
  return {};
}

Result<Found> GrpcClient::open_collection(const base::Call& call) {
  Found found;
  TRY(version, exchange(call, "version", &wire::MilvusService::StubInterface::GetVersion,
                        wire::GetVersionRequest{}));
  found.version = version.version();
  auto there = exchange(call, "describe", &wire::MilvusService::StubInterface::DescribeCollection,
                        named<wire::DescribeCollectionRequest>());
  if (there) {
    TRY_DO(check_schema(there->schema()));
  } else if (there.error().code == Code::not_found) {
    TRY_DO(create(call));
    found.made = true;
  } else {
    return std::unexpected(there.error());
  }
  TRY_DO(exchange(call, "load", &wire::MilvusService::StubInterface::LoadCollection,
                  named<wire::LoadCollectionRequest>()));
  return found;
}

Result<> GrpcClient::upsert(const base::Call& call, std::span<const Row> rows) {
  if (rows.empty()) return {};
  auto request = named<wire::UpsertRequest>();
  request.set_num_rows(static_cast<std::uint32_t>(rows.size()));
  schema::FieldData* ids = request.add_fields_data();
  ids->set_type(schema::Int64);
  ids->set_field_name(kId);
  schema::FieldData* spaces = request.add_fields_data();
  spaces->set_type(schema::VarChar);
  spaces->set_field_name(kSpace);
  schema::FieldData* vectors = request.add_fields_data();
  vectors->set_type(schema::FloatVector);
  vectors->set_field_name(kVector);
  vectors->mutable_vectors()->set_dim(static_cast<std::int64_t>(place_.dim));
  auto* numbers = vectors->mutable_vectors()->mutable_float_vector()->mutable_data();
  numbers->Reserve(static_cast<int>(rows.size() * place_.dim));
  for (const Row& row : rows) {
    ids->mutable_scalars()->mutable_long_data()->add_data(static_cast<std::int64_t>(row.id));
    spaces->mutable_scalars()->mutable_string_data()->add_data(name_of(row.space));
    numbers->Add(row.vector.begin(), row.vector.end());
  }
  TRY_DO(exchange(call, "upsert", &wire::MilvusService::StubInterface::Upsert, request));
  return {};
}

Result<> GrpcClient::erase(const base::Call& call, std::span<const key::EntryId> ids) {
  if (ids.empty()) return {};
  auto request = named<wire::DeleteRequest>();
  request.set_expr(fmt::format("{} in [{}]", kId, fmt::join(ids, ",")));
  TRY_DO(exchange(call, "delete", &wire::MilvusService::StubInterface::Delete, request));
  return {};
}

Result<std::vector<index::Neighbour>> GrpcClient::search(const base::Call& call,
                                                         const key::Key& space,
                                                         std::span<const float> query,
                                                         std::size_t k) {
  auto request = named<wire::SearchRequest>();
  request.set_dsl(fmt::format("{} == \"{}\"", kSpace, name_of(space)));
  request.set_dsl_type(shared::BoolExprV1);
  request.set_nq(1);
  request.set_consistency_level(shared::Bounded);
  shared::PlaceholderGroup group;
  shared::PlaceholderValue* value = group.add_placeholders();
  value->set_tag("$0");
  value->set_type(shared::FloatVector);
  value->add_values(std::string(reinterpret_cast<const char*>(query.data()), query.size_bytes()));
  request.set_placeholder_group(group.SerializeAsString());
  auto* params = request.mutable_search_params();
  add(params, "anns_field", kVector);
  add(params, "metric_type", "IP");
  add(params, "topk", std::to_string(k));
  add(params, "params", fmt::format(R"({{"ef":{}}})", std::max<std::size_t>(64, 4 * k)));
  TRY(reply, exchange(call, "search", &wire::MilvusService::StubInterface::Search, request));
  const schema::SearchResultData& results = reply.results();
  const auto& ids = results.ids().int_id().data();
  std::vector<index::Neighbour> found;
  for (int i = 0; i < std::min(ids.size(), results.scores_size()); ++i) {
    found.push_back({static_cast<key::EntryId>(ids[i]), results.scores(i)});
  }
  return found;
}

Result<std::vector<key::EntryId>> GrpcClient::ids(const base::Call& call, key::EntryId above,
                                                  key::EntryId upto, std::size_t limit) {
  auto request = named<wire::QueryRequest>();
  request.set_expr(fmt::format("{0} > {1} and {0} <= {2}", kId, above, upto));
  request.add_output_fields(kId);
  request.set_consistency_level(shared::Strong);
  add(request.mutable_query_params(), "limit", std::to_string(limit));
  TRY(reply, exchange(call, "query", &wire::MilvusService::StubInterface::Query, request));
  std::vector<key::EntryId> found;
  for (const schema::FieldData& field : reply.fields_data()) {
    if (field.field_name() != kId) continue;
    for (std::int64_t id : field.scalars().long_data().data()) {
      found.push_back(static_cast<key::EntryId>(id));
    }
  }
  return found;
}

Result<std::uint64_t> GrpcClient::count(const base::Call& call) {
  auto request = named<wire::QueryRequest>();
  request.add_output_fields("count(*)");
  request.set_consistency_level(shared::Strong);
  TRY(reply, exchange(call, "count", &wire::MilvusService::StubInterface::Query, request));
  for (const schema::FieldData& field : reply.fields_data()) {
    const auto& numbers = field.scalars().long_data().data();
    if (!numbers.empty()) return static_cast<std::uint64_t>(numbers[0]);
  }
  return fail(Code::internal, "milvus count: no number came");
}

Result<> GrpcClient::drop(const base::Call& call) {
  TRY_DO(exchange(call, "drop", &wire::MilvusService::StubInterface::DropCollection,
                  named<wire::DropCollectionRequest>()));
  return {};
}

}  // namespace

bool built_in() noexcept { return true; }

Result<std::unique_ptr<Client>> open_client(const Place& place) {
  TRY_DO(place.check());
  return std::unique_ptr<Client>(std::make_unique<GrpcClient>(place));
}

}  // namespace refrain::milvus
