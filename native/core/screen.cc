#include "core/screen.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "core/float_environment.h"
#include "core/pack.h"
#include "core/products.h"

namespace ggma {
namespace {

constexpr size_t kMaxRows = 16;
constexpr size_t kScores = 16384;  // at a time: they stay in the second-level cache
size_t panels_at_a_time(size_t rows) { return rows <= 4 ? 256 : 64; }
static_assert(kScores == 4 * 256 * kLanes && kScores == kMaxRows * 64 * kLanes, "the rows fit");
constexpr size_t kBlockPanels = kScreenBlock / kLanes;

float rounded_up(double value) { return static_cast<float>(value * (1 + 0x1p-20)); }

// A positive half that is not smaller than `value` but for the smallest ones: those become 2^−14.
uint16_t half_above(float value) {
  if (value == 0) return 0;
  if (value < 0x1p-14f) return 0x0400;
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>((bits + 0x1fff - (112u << 23)) >> 13);
}

}  // namespace

struct Screen::Copy {
  Screen* screen;
  const PackedWeight* weight;
  const Loading* loading;
  std::atomic<bool>* failed;
};

// Panels of the copy, with what they lose. Threads of the pool throw nothing.
void Screen::copy_panels(const Copy* copy, size_t begin, size_t end) try {
  Screen& screen = *copy->screen;
  const PackedWeight& weight = *copy->weight;
  const size_t inputs = weight.cols, row_size = row_bytes(Dtype::kQ8_0, inputs),
               panel_size = panel_bytes(Dtype::kQ8_0, inputs);
  std::vector<float> row(inputs), seen(inputs);
  std::vector<uint8_t> rows(kLanes * row_size);
  for (size_t panel = begin; panel < end; panel++) {
    if (!copy->loading->begin_piece()) return;
    const size_t count = std::min<size_t>(kLanes, weight.rows - panel * kLanes);
    for (size_t lane = 0; lane < count; lane++) {
      const size_t output = panel * kLanes + lane;
      const auto token = static_cast<int32_t>(output);
      const GatherArgs gather{row.data(), &token, weight.data, inputs, weight.dtype, weight.packed};
      screen.kernels_.gather(&gather, 0, 1);
      uint8_t* out = rows.data() + lane * row_size;
      for (size_t at = 0; at < inputs; at += kQuantBlock, out += 2 + kQuantBlock) {
        float top = 0;
        for (size_t i = 0; i < kQuantBlock; i++) {
          const float size = std::abs(row[at + i]);
          if (!(size <= 1e6f))
            return copy->failed->store(true);  // NaN, infinity, or beyond what a half scales
          top = std::max(top, size);
        }
        const uint16_t half = half_above(top / 127.0f);
        std::memcpy(out, &half, 2);
        float scale;
        widen(Dtype::kF16, out, 0, 1, &scale);
        for (size_t i = 0; i < kQuantBlock; i++)
          out[2 + i] = static_cast<uint8_t>(scale == 0 ? 0 : std::lrint(row[at + i] / scale));
      }
      widen(Dtype::kQ8_0, rows.data() + lane * row_size, 0, inputs, seen.data());
      double norm = 0, error = 0;
      for (size_t i = 0; i < inputs; i++) {
        const double w = double{row[i]}, e = w - double{seen[i]};
        norm += w * w;
        error += e * e;
      }
      screen.norm_[output] = rounded_up(std::sqrt(norm));
      screen.error_[output] = rounded_up(std::sqrt(error));
    }
    auto* out = reinterpret_cast<uint8_t*>(screen.copy_.get()) + panel * panel_size;
    const PackArgs pack{out, rows.data(), count, inputs, Dtype::kQ8_0};
    pack_panels(&pack, 0, 1);
  }
} catch (const std::bad_alloc&) {
  copy->failed->store(true);
}

void Screen::build(const PackedWeight& weight, const Loading& loading) {
  const FloatEnvironment environment;
  if (is_quantised(weight.dtype) || weight.cols % kQuantBlock != 0) return;
  const size_t panels = round_up(weight.rows, kLanes) / kLanes;
  bytes_ = uint64_t{panels} * panel_bytes(Dtype::kQ8_0, weight.cols);
  expect_memory(bytes_, "the screen of the output matrix");
  copy_ = allocate_floats(bytes_ / sizeof(float), "the screen of the output matrix");
  error_.resize(weight.rows);
  norm_.resize(weight.rows);
  std::atomic<bool> failed{false};
  pool_.split(Kernel<Copy>(copy_panels), Copy{this, &weight, &loading, &failed}, panels,
              weight.cols * kLanes * 4);
  loading.cancel.check();
  if (failed.load()) {
    copy_.reset();
    bytes_ = 0;
    return;
  }
  inputs_ = weight.cols;
  outputs_ = weight.rows;
  largest_norm_ = double{*std::max_element(norm_.begin(), norm_.end())};
}

struct Screen::Blocks {
  Screen* screen;
  Kernel<MatmulArgs> kernel;
  MatmulArgs args;  // of the copy
  size_t panels, run_panels, blocks;
};

// Runs of run_panels panels.
void Screen::run_blocks(const Blocks* b, size_t begin, size_t end) {
  alignas(64) float scores[kScores];
  Screen& screen = *b->screen;
  const size_t bytes = panel_bytes(Dtype::kQ8_0, b->args.inputs), rows = b->args.rows;
  for (size_t run = begin; run < end; run++) {
    const size_t first = run * b->run_panels, count = std::min(b->run_panels, b->panels - first);
    const MatmulArgs part = part_of(b->args, bytes, first, count, scores);
    b->kernel(&part, 0, count);
    float* lower = screen.lower_.data() + run * rows;
    std::fill(lower, lower + rows, -std::numeric_limits<float>::infinity());
    const ScreenArgs args{screen.upper_.data() + first / kBlockPanels,
                          lower,
                          scores,
                          screen.error_.data() + first * kLanes,
                          screen.norm_.data() + first * kLanes,
                          screen.factors_.data(),
                          part.outputs,
                          b->blocks};
    screen.kernels_.screen(&args, 0, rows);
  }
}

// false: not finite, or so large that a logit might not be.
bool Screen::set_factors(const float* x, const QuantBlock* q, size_t rows) {
  const double gamma = static_cast<double>(inputs_ + 64) * 0x1p-23;
  factors_.resize(rows);
  for (size_t r = 0; r < rows; r++) {
    double norm = 0, seen_norm = 0, error = 0;
    for (size_t at = 0; at < inputs_; at += kQuantBlock, x += kQuantBlock, q++) {
      for (size_t i = 0; i < kQuantBlock; i++) {
        const double v = double{x[i]}, seen = double{q->scale} * q->q[i], e = v - seen;
        norm += v * v;
        seen_norm += seen * seen;
        error += e * e;
      }
    }
    norm = std::sqrt(norm);
    seen_norm = std::sqrt(seen_norm);
    if (!(largest_norm_ * (norm + seen_norm) < 1e37)) return false;
    factors_[r] = {rounded_up(seen_norm * (1 + gamma)),
                   rounded_up(std::sqrt(error) + gamma * (norm + seen_norm))};
  }
  return true;
}

// Appends the blocks that may hold the row's highest score. false: too many.
bool Screen::find_candidates(size_t row, size_t blocks) {
  const size_t rows = factors_.size(), most = blocks / 8 + 1, before = candidates_.size();
  float highest = lower_[row];
  for (size_t run = 1; run < lower_.size() / rows; run++)
    highest = std::max(highest, lower_[run * rows + row]);
  const float* upper = upper_.data() + row * blocks;
  for (size_t b = 0; b < blocks; b++) {
    if (upper[b] < highest) continue;
    if (candidates_.size() - before == most) return false;
    candidates_.push_back(static_cast<uint32_t>(b));
  }
  candidate_counts_.push_back(candidates_.size() - before);
  return true;
}

bool Screen::run(StepContext& c, const MatmulOperands& operands, std::vector<int32_t>& ids) {
  const size_t rows = c.rows;
  if (rows > kMaxRows) return false;
  const QuantBlock* q = quantised(c, operands.src);
  if (!set_factors(c.slot(operands.src), q, rows)) return false;
  const Product product = product_of(c, operands);
  const size_t blocks = (outputs_ + kScreenBlock - 1) / kScreenBlock, panels = panels_at_a_time(rows),
               runs = (product.panels + panels - 1) / panels;
  upper_.resize(rows * blocks);
  lower_.resize(runs * rows);
  const MatmulArgs copy{nullptr, q, copy_.get(), nullptr, rows, inputs_, outputs_};
  c.split(Kernel<Blocks>(run_blocks),
          Blocks{this, kernels_.matmul_q8_0, copy, product.panels, panels, blocks}, runs,
          panels * product.unit_work());
  candidates_.clear();
  candidate_counts_.clear();
  for (size_t r = 0; r < rows; r++)
    if (!find_candidates(r, blocks)) return false;
  const size_t bytes = panel_bytes(c.weight(operands.weight).dtype, inputs_);
  const uint32_t* candidate = candidates_.data();
  for (size_t r = 0; r < rows; r++) {
    float top = -std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < candidate_counts_[r]; i++) {
      const size_t first = *candidate++ * kBlockPanels,
                   count = std::min(kBlockPanels, product.panels - first);
      alignas(64) float logits[kScreenBlock];
      MatmulArgs part = part_of(product.args, bytes, first, count, logits);
      part.src = static_cast<const float*>(product.args.src) + r * inputs_;
      part.rows = 1;
      product.kernel(&part, 0, count);
      for (size_t o = 0; o < part.outputs; o++) {
        if (!(logits[o] > top)) continue;
        top = logits[o];
        ids[r] = static_cast<int32_t>(first * kLanes + o);
      }
    }
  }
  return true;
}

}  // namespace ggma
