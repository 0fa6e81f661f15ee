#pragma once

#include <string>

#include "embed/embedder.h"
#include "engine/stats.h"
#include "fetch/client.h"
#include "net/server.h"
#include "upstream/remote.h"

namespace refrain::app {

// Lines of Prometheus text for the rooms that api does not know.
void append(const net::Stats& stats, std::string& out);
void append(const fetch::Stats& stats, std::string& out);
void append(const upstream::Stats& stats, std::string& out);
void append(const embed::Stats& stats, std::string& out);
void append(const engine::Stats& stats, std::string& out);

}  // namespace refrain::app
