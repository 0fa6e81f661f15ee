#!/usr/bin/env python3
"""Writes what protoc needs to know of Milvus's protocol: the calls and fields that we use.

    descriptors.py OUT.protoset          run by the Python that has pymilvus

pymilvus ships no .proto files, but its generated modules hold their descriptors. All 144 calls with
all their messages make a header of 5 MB that takes 41 s to compile; what is kept here takes
a few. Fields that are left out are skipped by who reads and are not set by who writes, as
protobuf promises.
"""

import sys

from google.protobuf import descriptor_pb2
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

METHODS = """CreateCollection DropCollection DescribeCollection LoadCollection CreateIndex Upsert
    Delete Search Query GetVersion""".split()
# Message to fields; the answer types of the calls are here too.
MESSAGES = {
    "common": {
        "Status": "reason code",
        "KeyValuePair": "key value",
        "PlaceholderValue": "tag type values",
        "PlaceholderGroup": "placeholders",
    },
    "schema": {
        "FieldSchema": "name is_primary_key data_type type_params is_partition_key",
        "CollectionSchema": "name description fields",
        "LongArray": "data",
        "FloatArray": "data",
        "StringArray": "data",
        "ScalarField": "long_data string_data",
        "VectorField": "dim float_vector",
        "FieldData": "type field_name scalars vectors",
        "IDs": "int_id str_id",
        "SearchResultData": "num_queries top_k scores ids topks",
    },
    "milvus": {
        "CreateCollectionRequest": "db_name collection_name schema consistency_level",
        "DropCollectionRequest": "db_name collection_name",
        "DescribeCollectionRequest": "db_name collection_name",
        "DescribeCollectionResponse": "status schema",
        "LoadCollectionRequest": "db_name collection_name",
        "CreateIndexRequest": "db_name collection_name field_name extra_params index_name",
        "UpsertRequest": "db_name collection_name fields_data num_rows",
        "DeleteRequest": "db_name collection_name expr consistency_level",
        "MutationResult": "status delete_cnt upsert_cnt",
        "SearchRequest": """db_name collection_name dsl placeholder_group dsl_type output_fields
            search_params nq consistency_level""",
        "SearchResults": "status results",
        "QueryRequest": "db_name collection_name expr output_fields query_params consistency_level",
        "QueryResults": "status fields_data",
        "GetVersionRequest": "",
        "GetVersionResponse": "status version",
    },
}
ENUMS = {
    "common": ("PlaceholderType", "DslType", "ConsistencyLevel"),
    "schema": ("DataType",),
    "milvus": (),
}
MODULES = {"common": common_pb2, "schema": schema_pb2, "milvus": milvus_pb2}


def kept(message, fields):
    """A copy of a message's description with these fields only."""
    out = descriptor_pb2.DescriptorProto(name=message.name)
    oneofs = {}
    found = {field.name: field for field in message.field}
    for name in fields:
        field = out.field.add()
        field.CopyFrom(found[name])  # KeyError: Milvus has renamed it
        if field.HasField("oneof_index"):
            if field.oneof_index not in oneofs:
                oneofs[field.oneof_index] = len(oneofs)
                out.oneof_decl.add(name=message.oneof_decl[field.oneof_index].name)
            field.oneof_index = oneofs[field.oneof_index]
    return out


def file_of(name):
    full = descriptor_pb2.FileDescriptorProto()
    MODULES[name].DESCRIPTOR.CopyToProto(full)
    out = descriptor_pb2.FileDescriptorProto(
        name=f"{name}.proto", package=full.package, syntax=full.syntax
    )
    out.dependency.extend({"common": [], "schema": ["common.proto"]}.get(
        name, ["common.proto", "schema.proto"]))
    messages = {message.name: message for message in full.message_type}
    for message, fields in MESSAGES[name].items():
        out.message_type.append(kept(messages[message], fields.split()))
    for enum in full.enum_type:
        if enum.name in ENUMS[name]:
            out.enum_type.append(enum)
    for service in full.service:
        if service.name == "MilvusService":
            ours = out.service.add(name=service.name)
            ours.method.extend(m for m in service.method if m.name in METHODS)
            assert len(ours.method) == len(METHODS), "Milvus has no such call any more"
            for method in ours.method:
                method.ClearField("options")
    return out


def main():
    files = descriptor_pb2.FileDescriptorSet()
    for name in MESSAGES:
        files.file.append(file_of(name))
    with open(sys.argv[1], "wb") as out:
        out.write(files.SerializeToString())


if __name__ == "__main__":
    main()
