#pragma once

#include <string>

#include "api/resp.h"
#include "embed/embedder.h"
#include "engine/stats.h"
#include "fetch/client.h"
#include "kv/store.h"
#include "milvus/vectors.h"
#include "net/server.h"
#include "upstream/remote.h"
#include "values/values.h"

namespace refrain::app {

// Lines of Prometheus text for the rooms that api does not know.
void append(const net::Stats& stats, std::string& out);
void append(const fetch::Stats& stats, std::string& out);
void append(const upstream::Stats& stats, std::string& out);
void append(const embed::Stats& stats, std::string& out);
void append(const values::Stats& stats, std::string& out);
void append(const api::RespStats& stats, const net::Stats& lines, std::string& out);
void append(const kv::Stats& stats, std::string& out);
void append(const engine::Stats& stats, std::string& out);
void append(const milvus::Stats& stats, std::string& out);

}  // namespace refrain::app
