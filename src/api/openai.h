#pragma once

#include "api/context.h"

/// The OpenAI doors: chat completions, completions, embeddings, and what is passed through.
namespace refrain::api::openai {

/// dialect: openai_chat or openai_completion.
void complete(Context& context, const Visit& visit, chat::Dialect dialect);
void embed(Context& context, const Visit& visit);
/// GET /v1/models and below: the upstream's own reply.
void pass_through(Context& context, const Visit& visit);
/// {"error":{...}} with that status.
void refuse(const Visit& visit, int status, const base::Error& error);

}  // namespace refrain::api::openai
