// A load ends within a piece of work or two when it is told to.
#include <thread>

#include "native/tiny_program.h"

namespace ggma::test {
namespace {

constexpr size_t kHidden = 256, kVocab = 60000;  // 3,750 panels, or 235 pieces of rows

struct Wide {
  ProgramWriter writer;
  uint32_t logits;
  explicit Wide() {
    const uint32_t x = writer.slot(kHidden), last = writer.slot(kHidden);
    logits = writer.slot(kVocab);
    std::vector<float> matrix(kVocab * kHidden);
    Random random(1);
    for (float& value : matrix) value = random.unit();
    writer.step(1, 0, {x, writer.weight(matrix, kVocab, kHidden)});
    writer.step(10, 0, {last, x});
    writer.step(2, 1, {logits, last, writer.weight(matrix, kVocab, kHidden), kNone});
  }
  Program decode(bool screened) const {
    const std::vector<uint8_t> code = writer.encode(kVocab, logits);
    Program program = decode_program(code.data(), code.size(), {writer.source.size()});
    program.screened = screened;
    return program;
  }
};

// Loads until so many pieces are done, then says stop by a flag or by closing. Returns the failure's code;
// `late`: the pieces that were begun afterwards.
std::string interrupted(const Wide& wide, size_t threads, bool screened, bool closing, uint64_t pieces,
                        uint64_t* late) {
  std::atomic<uint64_t> done{0};
  std::atomic<bool> disposed{false};
  int32_t flag = 0;
  uint64_t then = 0;
  std::thread stops([&] {
    while (done.load() < pieces) std::this_thread::yield();
    if (closing) {
      disposed.store(true);
    } else {
      __atomic_store_n(&flag, 1, __ATOMIC_SEQ_CST);
    }
    then = done.load();
  });
  ThreadPool pool(threads);
  const auto budget = std::make_shared<MemoryBudget>(uint64_t{1} << 30);
  const std::string code = failure_of([&] {
    Model(wide.decode(screened), {wide.writer.source.data()}, *available_kernels().front(), pool, budget,
          false, Loading{Cancel{&disposed, &flag}, &done});
  });
  done.fetch_add(uint64_t{1} << 40);  // for a load that was done before it could be stopped
  stops.join();
  *late = (done.load() - (uint64_t{1} << 40)) - then;
  return code;
}

GGMA_TEST(a_load_ends_soon_after_it_is_told_to) {
  const Wide wide;
  // Rows are 235 pieces, panels 3,750, and the screen's copy as many again.
  for (const uint64_t pieces : {100, 300, 2000, 5000}) {
    for (const bool closing : {false, true}) {
      const size_t threads = pieces % 3 + 1;
      std::string code;
      uint64_t late = 0;
      // The thread that stops it may come too late on a busy machine.
      for (int attempt = 0; attempt < 20 && code.empty(); attempt++)
        code = interrupted(wide, threads, true, closing, pieces, &late);
      CHECK_FOR(code == (closing ? "DISPOSED" : "CANCELLED"), code);
      CHECK_FOR(late <= threads, std::to_string(late));
    }
  }
  std::atomic<uint64_t> done{0};
  ThreadPool pool(2);
  const std::atomic<bool> disposed{false};
  const Model model(wide.decode(true), {wide.writer.source.data()}, *available_kernels().front(), pool,
                    std::make_shared<MemoryBudget>(uint64_t{1} << 30), false,
                    Loading{Cancel{&disposed}, &done});
  CHECK(done.load() > 7700);
}

}  // namespace
}  // namespace ggma::test
