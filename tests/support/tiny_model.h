#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "llama/model.h"

#ifndef TINY_LLM
#define TINY_LLM "tiny-llm"
#endif

/// Models of random weights for tests, made by tools/tiny_llm when they are first asked for.
namespace refrain::tests {

/// Path of a model of that shape and seed; lives as long as the test program.
inline std::string tiny_model_file(const std::string& shape, int seed = 7) {
  struct Folder {
    std::filesystem::path path = std::filesystem::temp_directory_path() /
                                 ("refrain-tiny-" + std::to_string(getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
  };
  static const Folder folder;
  const std::string file = (folder.path / (shape + std::to_string(seed) + ".gguf")).string();
  if (!std::filesystem::exists(file)) {
    const std::string command = std::string(TINY_LLM) + " --seed " + std::to_string(seed) +
                                " --shape " + shape + " --out " + file;
    if (std::system(command.c_str()) != 0) ADD_FAILURE() << "cannot run " << command;
  }
  return file;
}

/// The model itself; loaded once per shape and seed.
inline std::shared_ptr<const llama::Model> tiny_model(const std::string& shape, int seed = 7) {
  base::Result<std::shared_ptr<const llama::Model>> model =
      llama::Model::load(tiny_model_file(shape, seed));
  if (!model) {
    ADD_FAILURE() << model.error().what;
    return nullptr;
  }
  return *model;
}

}  // namespace refrain::tests
