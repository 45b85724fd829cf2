// Where weights come from: memory, or a range of a file. A file is read with positional reads, each weight
// once and directly into the kernels' form. Or it is mapped; then weights that kernels use as they are in the
// file are not copied.
#ifndef GGMA_CORE_SOURCE_H
#define GGMA_CORE_SOURCE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ggma {

class Source {
 public:
  // Memory that stays as long as the source is in use.
  Source(const uint8_t* memory) : memory_(memory) {}  // NOLINT: memory is what sources mostly are
  // Bytes from `offset` on of a file. The descriptor stays open, and the caller's, as long as the source is
  // in use.
  static Source file(int descriptor, uint64_t offset);
  // The same bytes as memory of the process. Reading them crashes it when the file has become shorter: for
  // files that nobody changes. Throws IO.
  static Source mapped(int descriptor, uint64_t offset, uint64_t bytes);

  // `count` bytes at `at`: in place, or read into `scratch`. Throws IO when the file does not give them.
  const uint8_t* read(uint64_t at, size_t count, std::vector<uint8_t>& scratch) const;
  // The same bytes, copied to `out`.
  void copy(uint64_t at, size_t count, uint8_t* out) const;

  // The bytes at `at`, where they are there as long as `keep_alive` is; otherwise null.
  const uint8_t* lasting(uint64_t at) const { return mapping_ ? memory_ + at : nullptr; }
  std::shared_ptr<const void> keep_alive() const { return mapping_; }

 private:
  const uint8_t* memory_ = nullptr;  // null: a file
  int descriptor_ = -1;
  uint64_t offset_ = 0;
  std::shared_ptr<const void> mapping_;
};

}  // namespace ggma

#endif
