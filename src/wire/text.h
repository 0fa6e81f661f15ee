#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace refrain::wire {

/// The text with every byte that is no part of valid UTF-8 replaced by '?', so that foreign bytes
/// can be quoted in an error body.
std::string readable(std::string_view text);

/// Cuts a text into at most 17 pieces that end after a space, for a stream made of a whole answer.
/// Joined they are the text; none is empty; a text without spaces, or up to 64 bytes, is one piece.
std::vector<std::string_view> pieces(std::string_view text);

}  // namespace refrain::wire
