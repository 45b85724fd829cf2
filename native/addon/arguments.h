// Arguments from JavaScript, checked: what is wrong is a Failure OPTION that names it.
#ifndef GGMA_ADDON_ARGUMENTS_H
#define GGMA_ADDON_ARGUMENTS_H

#include <napi.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/failure.h"

namespace ggma {

[[noreturn]] inline void bad_argument(const char* name, const char* expected) {
  throw Failure("OPTION", std::string("expected ") + expected + " for " + name, name);
}

// A typed array of the given element type; the memory stays JavaScript's.
template <class Array>
Array typed_array(const Napi::Value& value, napi_typedarray_type type, const char* name,
                  const char* expected) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type)
    bad_argument(name, expected);
  return value.As<Array>();
}
inline Napi::Int32Array int32_array(const Napi::Value& value, const char* name) {
  return typed_array<Napi::Int32Array>(value, napi_int32_array, name, "an Int32Array");
}
inline Napi::Float32Array float32_array(const Napi::Value& value, const char* name) {
  return typed_array<Napi::Float32Array>(value, napi_float32_array, name, "a Float32Array");
}
inline Napi::Uint8Array uint8_array(const Napi::Value& value, const char* name) {
  return typed_array<Napi::Uint8Array>(value, napi_uint8_array, name, "a Uint8Array");
}

// An integer of [low, high].
inline int64_t integer(const Napi::Value& value, const char* name, int64_t low, int64_t high) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0.5;
  const int64_t whole =
      number >= -9007199254740991.0 && number <= 9007199254740991.0 ? static_cast<int64_t>(number) : low;
  if (static_cast<double>(whole) != number || whole < low || whole > high) {
    const std::string expected = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
    bad_argument(name, expected.c_str());
  }
  return whole;
}

// A number of [low, high], which NaN is not.
inline double number(const Napi::Value& value, const char* name, double low, double high) {
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number >= low && number <= high) return number;
  }
  const std::string expected = "a number from " + std::to_string(low) + " to " + std::to_string(high);
  bad_argument(name, expected.c_str());
}

// A typed array with these elements. An environment that is being torn down cannot make one: then the array
// is empty, and nobody is left to see it.
template <class Array, class T>
Array array_of(Napi::Env env, const std::vector<T>& values) {
  Array array = Array::New(env, values.size());
  if (array.Data()) std::copy(values.begin(), values.end(), array.Data());
  return array;
}

inline bool present(const Napi::Value& value) {
  return !value.IsEmpty() && !value.IsUndefined() && !value.IsNull();
}

// options[name], or an empty value when options or the member is absent.
inline Napi::Value member(const Napi::Value& options, const char* name) {
  if (!present(options)) return Napi::Value();
  if (!options.IsObject()) bad_argument("options", "an object");
  const Napi::MaybeOrValue<Napi::Value> value = options.As<Napi::Object>().Get(name);
  return present(value) ? value : Napi::Value();
}

}  // namespace ggma

#endif
