// From the file's rows to the kernels' panels (kernels/kernels.h).
#ifndef GGMA_CORE_PACK_H
#define GGMA_CORE_PACK_H

#include "kernels/kernels.h"

namespace ggma {

struct PackArgs {
  uint8_t* out;           // [panels] of panel_bytes
  const uint8_t* source;  // [rows] of row_bytes
  size_t rows, cols;
  Dtype dtype;
};

// Panels begin … end − 1.
void pack_panels(const PackArgs* args, size_t begin, size_t end);

// `count` elements from element `first` on of a row that starts at `row`, as f32. first is a multiple of 32.
void widen(Dtype dtype, const uint8_t* row, size_t first, size_t count, float* out);

}  // namespace ggma

#endif
