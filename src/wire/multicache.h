#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/modelcache.h"

/// ModelCache's multimodal dialect: POST /multicache and /llms_cache (reference 5.7). A body is a
/// JSON object or a JSON string that holds one. Pure; threads: any.
namespace refrain::wire::multicache {

enum class Modality : std::uint8_t { text, image_and_text };

/// A question of texts and, with Modality::image_and_text, an image: by its bytes, or by a URL, or
/// by an id; at least one, and not both bytes and URL.
struct Question {
  Modality modality = Modality::text;
  std::string text;       // the texts, joined by ###
  std::string image_raw;  // bytes of the file; "" if none came
  std::string image_url, image_id;
};

struct NewAnswer {
  Question query;
  std::string answer;
};

struct Request {
  modelcache::Kind kind = modelcache::Kind::query;
  std::string model;
  Question query{};
  std::vector<NewAnswer> answers{};
  std::string remove_type{};
  std::vector<std::uint64_t> ids{};
};

/// Faults: 400, 102; 301 for a member that is missing or of a wrong kind, as the reference has it;
/// 401 as modelcache.
std::expected<Request, modelcache::Fault> read_request(std::string_view body);

/// What a hit shows: {"image_url", "image_id", "question"}.
json::Value shown(const Question& question);
/// The body of a fault: as modelcache, but that of 301 in the shape of the request's type.
std::string render_fault(const modelcache::Fault& fault, modelcache::Kind kind);

}  // namespace refrain::wire::multicache
