#pragma once

#include "api/context.h"

/// Bodies of the native door: JSON to values and back. Pure.
namespace refrain::api::native {

/// A new entry: {"question","answer","model"?,"system"?} or {"request":{...},"response":{...},
/// "dialect"?}; in both "tags"?, "ttl"? (seconds), "scope"?, "user"?.
/// Errors: invalid, naming the member.
base::Result<serve::NewEntry> read_entry(const json::Value& body, const std::string& default_model);

/// A request to be looked up: the same without an answer.
base::Result<chat::Request> read_question(const json::Value& body,
                                          const std::string& default_model);

/// The member "scope"; nullopt if it is absent, null or "". Errors: invalid (no scope's name).
base::Result<std::optional<key::ScopeKind>> read_scope(const json::Value& body);

/// {"ids","model","tag","scope","user","tenant","dialect","older_than" (seconds),"prefix","all"}.
/// Errors: invalid (nothing is said that could match, unknown member, wrong type).
base::Result<store::Filter> read_filter(const json::Value& body, base::WallTime now);

/// {"id","verdict": wrong | right,"forget_others"?}. Errors: invalid.
base::Result<serve::Report> read_report(const json::Value& body);
json::Value write_told(const serve::Told& told);
json::Value write_labels(const std::vector<serve::Feedback::Labelled>& labels);

enum class Texts : std::uint8_t { without, with };
json::Value write_entry(const serve::EntryView& view, Texts texts);
json::Value write_decision(const serve::Decision& decision);
/// tenant: whose error budgets are told, "" for all.
json::Value write_stats(const Context& context, std::string_view tenant);

}  // namespace refrain::api::native
