#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace refrain::key {

/// The parts canonical bytes are made of, for who writes a value that is not in the tree as such.
/// Each part ends by itself, so that a sequence of parts is unambiguous.
namespace part {
void length(std::uint64_t value, std::string& out);   // LEB128
void text(std::string_view value, std::string& out);  // a JSON string
void array(std::size_t count, std::string& out);      // head of an array: count values follow
void object(std::size_t count, std::string& out);     // head of an object: count members follow
void name(std::string_view value, std::string& out);  // name of a member, before its value
}  // namespace part

/// One member of an object that is written in order of names.
struct MemberView {
  std::string_view name;
  const json::Value* value = nullptr;
};

/// By bytes of the name.
void sort_by_name(std::vector<MemberView>& members);

}  // namespace refrain::key
