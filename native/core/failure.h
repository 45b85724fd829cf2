// What core throws. Kernels and worker threads never throw; the driver and the addon catch.
#ifndef GGMA_CORE_FAILURE_H
#define GGMA_CORE_FAILURE_H

#include <string>
#include <utility>

namespace ggma {

// Becomes lib/errors.ts GgmaError(code, message, {path}).
struct Failure {
  Failure(std::string code, std::string message, std::string path = "")
      : code(std::move(code)), message(std::move(message)), path(std::move(path)) {}

  std::string code;     // AREA_PROBLEM
  std::string message;  // expected X for Y, got Z
  std::string path;     // the object at fault, for example "steps[3]"; empty: none
};

}  // namespace ggma

#endif
