// Row vectors that depend on the position alone (cos, sin). JavaScript evaluates them, steps look them up.
#ifndef GGMA_CORE_POSITION_TABLES_H
#define GGMA_CORE_POSITION_TABLES_H

#include <cstdint>
#include <mutex>
#include <vector>

#include "core/program.h"

namespace ggma {

// Any thread may call any member: rows are added by the event loop while the driver runs steps.
class PositionTables {
 public:
  explicit PositionTables(const Program& program) : program_(program), rows_(program.table_widths.size()) {}

  // Rows of positions first … first + floats / width − 1. They may replace rows, and must leave no gap behind
  // the rows so far. Throws TABLE_INVALID.
  void set(uint32_t table, uint64_t first, const float* data, size_t floats);

  // Positions 0 … length − 1 have a row. Throws TABLE_INVALID.
  uint64_t length(uint32_t table) const;

  // Throws TABLE_MISSING unless all tables that steps use have rows for positions below `end`.
  void expect(uint64_t end) const;

  // Copies the rows of `positions` to out [count, width]. expect() came before.
  void copy(uint32_t table, const int32_t* positions, size_t count, float* out) const;

 private:
  void check(uint32_t table) const;

  const Program& program_;
  mutable std::mutex mutex_;
  std::vector<std::vector<float>> rows_;  // [table][position · width]
};

}  // namespace ggma

#endif
