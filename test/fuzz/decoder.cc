// libFuzzer's entry: any bytes as a program. What the decoder accepts is loaded and run, so that an index it
// let through is found by AddressSanitizer. Built by `tsx scripts/native.ts fuzz` with clang.
#include <vector>

#include "core/model.h"
#include "isa/dispatch.h"

namespace {

// The memory that weights point into: small floats, so that most programs compute finite numbers.
const std::vector<uint8_t>& source() {
  static const std::vector<uint8_t> bytes = [] {
    std::vector<uint8_t> out(1 << 17);
    for (size_t i = 0; i < out.size(); i++) out[i] = static_cast<uint8_t>(i % 4 == 3 ? 0x3d : i * 37);
    return out;
  }();
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ggma::ThreadPool pool(1);
  try {
    ggma::Program program = ggma::decode_program(data, size, {source().size()});
    // Large ones are refused by what memory there is; here they would only be slow.
    if (program.arena_width > 1 << 16 || program.block_elements > 1 << 16 || program.scratch_width > 1 << 16)
      return 0;
    const std::vector<uint32_t> widths = program.table_widths;
    ggma::Model model(std::move(program), {source().data()}, ggma::choose_kernels(nullptr), pool,
                      std::make_shared<ggma::MemoryBudget>(uint64_t{64} << 20));
    for (uint32_t table = 0; table < widths.size(); table++) {
      if (widths[table] > 1 << 16) return 0;
      const std::vector<float> rows(70 * size_t{widths[table]}, 0.25f);
      model.tables().set(table, 0, rows.data(), rows.size());
    }
    const int32_t a = model.create_sequence(), b = model.create_sequence();
    std::vector<int32_t> rows;
    for (int32_t p = 0; p < 66; p++) rows.insert(rows.end(), {p % 3, a, p, p > 60});
    rows.insert(rows.end(), {1, b, 0, 1});
    model.step(rows.data(), rows.size() / 4, nullptr, 0, {});
    const int32_t next[] = {0, a, 66, 1, 2, b, 1, 0};
    model.step(next, 2, nullptr, 0, {});
  } catch (const ggma::Failure&) {
    // refused: what it is for
  }
  return 0;
}
