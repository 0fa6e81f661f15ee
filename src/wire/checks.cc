#include "wire/checks.h"

#include <string>
#include <utility>

#include "wire/headers.h"

namespace refrain::wire {

std::unexpected<base::Error> wrong(std::string_view path, std::string_view wanted,
                                   const json::Value* value) {
  std::string what = "'" + std::string(path) + "' ";
  if (value == nullptr) {
    what += "is required and must be " + std::string(wanted);
  } else {
    what += "must be " + std::string(wanted) + ", it is " + std::string(value->kind());
  }
  return base::fail(base::Code::invalid, std::move(what));
}

base::Result<json::Value> read_object(std::string_view body) {
  TRY(value, json::parse(body));
  if (!value.is_object()) {
    return base::fail(base::Code::invalid,
                      "the body must be a JSON object, not " + std::string(value.kind()));
  }
  return std::move(value);
}

base::Result<bool> read_flag(const json::Value& body, std::string_view name) {
  const json::Value* value = body.find(name);
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_bool()) return wrong(name, "a boolean or null", value);
  return *value->boolean();
}

base::Result<chat::Request> read_inputs(chat::Dialect dialect, json::Value body,
                                        const chat::Headers& headers) {
  const json::Value* inputs = body.find("inputs");
  if (inputs == nullptr || !inputs->is_string()) return wrong("inputs", "a string", inputs);
  const json::Value* parameters = body.find("parameters");
  if (parameters != nullptr && parameters->is_null()) {
    body.remove("parameters");
  } else if (parameters != nullptr && !parameters->is_object()) {
    return wrong("parameters", "an object or null", parameters);
  }
  chat::Request request;
  request.dialect = dialect;
  request.text = body.text("inputs");
  request.body = std::move(body);
  request.pass = travelling(headers);
  return request;
}

base::Result<json::Value> read_foreign(std::string_view text) {
  return json::parse(text, {.duplicates = json::Duplicates::keep_last});
}

std::optional<std::string> error_message(const json::Value& body) {
  const json::Value* error = body.find("error");
  if (error == nullptr || error->is_null()) return std::nullopt;
  if (const std::string* text = error->string()) {
    return text->empty() ? std::nullopt : std::optional(*text);
  }
  if (const bool* flag = error->boolean()) {
    return *flag ? std::optional<std::string>("") : std::nullopt;
  }
  if (const json::Object* object = error->object()) {
    return object->empty() ? std::nullopt : std::optional(std::string(error->text("message")));
  }
  if (const json::Array* array = error->array(); array != nullptr && array->empty()) {
    return std::nullopt;
  }
  return "";
}

}  // namespace refrain::wire
