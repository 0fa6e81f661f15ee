#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "chat/request.h"
#include "json/value.h"

/// What the readers of all dialects check in the same words. Private to wire.
namespace refrain::wire {

/// Code::invalid, "'messages' must be an array, it is a string". An absent value is required.
std::unexpected<base::Error> wrong(std::string_view path, std::string_view wanted,
                                   const json::Value* value);

/// A request body: one JSON object, nested at most 64 deep, no name twice.
base::Result<json::Value> read_object(std::string_view body);

/// The member as a flag; absent and null are false. Errors: invalid.
base::Result<bool> read_flag(const json::Value& body, std::string_view name);

/// A request of inputs and parameters (TGI, GKV): the inputs are its text, null parameters are left
/// out. Errors: invalid.
base::Result<chat::Request> read_inputs(chat::Dialect dialect, json::Value body,
                                        const chat::Headers& headers);

/// A reply of an upstream, in which a name that comes twice counts by its last value.
base::Result<json::Value> read_foreign(std::string_view text);

/// The sentence of an error object: error.message, or error itself if it is a string.
/// Null, false, "", {} and [] are no error: some servers send them with every reply.
std::optional<std::string> error_message(const json::Value& body);

}  // namespace refrain::wire
