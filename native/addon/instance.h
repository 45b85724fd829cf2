// What the addon keeps for one JavaScript environment (the main thread or a worker). Environments share
// nothing.
#ifndef GGMA_ADDON_INSTANCE_H
#define GGMA_ADDON_INSTANCE_H

#include <napi.h>

#include <new>

#include "core/failure.h"

namespace ggma {

struct Instance {
  Napi::FunctionReference error_class;  // lib/errors.ts GgmaError
  Napi::FunctionReference engine_class;
  Napi::FunctionReference program_class;
  Napi::FunctionReference sampler_class;
  Napi::FunctionReference constraint_class;
};

// A GgmaError for failure.
Napi::Value error_value(Napi::Env env, const Failure& failure);

// Runs body and turns what it throws into a JavaScript exception.
template <class Body>
Napi::Value guard(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Failure& failure) {
    const Napi::Value error = error_value(env, failure);
    if (!env.IsExceptionPending()) napi_throw(env, error);
  } catch (const std::bad_alloc&) {
    const Napi::Value error =
        error_value(env, Failure("OUT_OF_MEMORY", "expected room for the call's bookkeeping, got none"));
    if (!env.IsExceptionPending()) napi_throw(env, error);
  }
  return Napi::Value();
}

}  // namespace ggma

#endif
