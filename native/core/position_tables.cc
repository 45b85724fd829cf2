#include "core/position_tables.h"

#include <algorithm>
#include <string>

#include "core/failure.h"

namespace ggma {

void PositionTables::check(uint32_t table) const {
  if (table >= rows_.size())
    throw Failure("TABLE_INVALID", "expected a table below " + std::to_string(rows_.size()) + ", got " +
                                       std::to_string(table));
}

void PositionTables::set(uint32_t table, uint64_t first, const float* data, size_t floats) {
  check(table);
  const size_t width = program_.table_widths[table];
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<float>& rows = rows_[table];
  if (floats % width != 0)
    throw Failure("TABLE_INVALID", "expected rows of " + std::to_string(width) + " floats for table " +
                                       std::to_string(table) + ", got " + std::to_string(floats) + " floats");
  if (first > rows.size() / width)
    throw Failure("TABLE_INVALID", "expected the first position to be at most " +
                                       std::to_string(rows.size() / width) + " for table " +
                                       std::to_string(table) + ", got " + std::to_string(first));
  const size_t at = static_cast<size_t>(first) * width;
  if (rows.size() < at + floats) rows.resize(at + floats);
  std::copy(data, data + floats, rows.begin() + static_cast<std::ptrdiff_t>(at));
}

uint64_t PositionTables::length(uint32_t table) const {
  check(table);
  const std::lock_guard<std::mutex> lock(mutex_);
  return rows_[table].size() / program_.table_widths[table];
}

void PositionTables::expect(uint64_t end) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (size_t t = 0; t < rows_.size(); t++) {
    const uint64_t length = rows_[t].size() / program_.table_widths[t];
    if (program_.table_used[t] && length < end)
      throw Failure("TABLE_MISSING", "expected table " + std::to_string(t) + " to have a row for position " +
                                         std::to_string(end - 1) + ", got " + std::to_string(length) +
                                         " rows");
  }
}

void PositionTables::copy(uint32_t table, const int32_t* positions, size_t count, float* out) const {
  const size_t width = program_.table_widths[table];
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::vector<float>& rows = rows_[table];
  for (size_t r = 0; r < count; r++) {
    const float* row = rows.data() + static_cast<size_t>(positions[r]) * width;
    std::copy(row, row + width, out + r * width);
  }
}

}  // namespace ggma
