#pragma once

#include <string>

#include "chat/answer.h"

namespace refrain::serve {

/// Whether an answer may be kept, and if not, why ("" means yes). Pure.
/// Kept is only what ended well: every choice with finish reason stop, tool_calls or function_call
/// (TGI: eos_token, stop_sequence), or length where the route allows it, as the limit is part of
/// the key. A whole TGI reply without details has no finish reason and counts as ended.
std::string why_not_kept(const chat::Answer& answer, bool length_allowed);

}  // namespace refrain::serve
