#pragma once

#include "api/context.h"
#include "api/intake.h"
#include "api/kv.h"

/// The prompt-KV door: /upload/, /prompt_cache/{file}, /load/{id}, /clear_cache/. Bodies are those
/// of the reference; errors are {"detail": ...} as FastAPI has them. docs/protocol/promptkv.md.
namespace refrain::api::promptkv {

/// A body for this door, or for PUT of the native one: it goes to a file. name: of the object, if
/// it is known from the path.
net::Reception receive(KvDoors& doors, const net::Request& head, const key::Tenant& tenant,
                       std::function<void()> wake);
/// Runs on a network thread; the work is done on the work threads.
void handle(KvDoors& doors, const Visit& visit);
/// {"detail": reason}.
std::string error_body(std::string_view reason);
/// 507 where the store is full, else as everywhere.
int status_of(const base::Error& error);

}  // namespace refrain::api::promptkv
