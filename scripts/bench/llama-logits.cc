// Logits of llama.cpp for given token ids, at every position: scripts/bench/quality.ts builds it against the
// peers kit. Keys and values are kept as f32, as ours are, so that only weights and activations are compared.
//   llama-logits MODEL.gguf < "ids of one sequence a line" > f32[tokens, vocabulary] for each line
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "llama.h"

namespace {

constexpr int kLongest = 512;

int fail(const std::string& what) {
  std::fprintf(stderr, "llama-logits: %s\n", what.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail("expected a GGUF file");
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  llama_backend_init();
  llama_model_params of_model = llama_model_default_params();
  of_model.n_gpu_layers = 0;
  llama_model* model = llama_model_load_from_file(argv[1], of_model);
  if (!model) return fail(std::string("cannot load ") + argv[1]);
  llama_context_params of_context = llama_context_default_params();
  of_context.n_ctx = of_context.n_batch = of_context.n_ubatch = kLongest;
  of_context.n_threads = of_context.n_threads_batch = 1;
  of_context.type_k = of_context.type_v = GGML_TYPE_F32;
  llama_context* context = llama_init_from_model(model, of_context);
  if (!context) return fail("cannot make a context");
  const size_t vocab = static_cast<size_t>(llama_vocab_n_tokens(llama_model_get_vocab(model)));

  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::vector<llama_token> ids;
    for (llama_token id; words >> id;) ids.push_back(id);
    if (ids.empty() || ids.size() > kLongest) return fail("expected 1 to 512 ids a line");
    llama_memory_clear(llama_get_memory(context), true);
    llama_batch batch = llama_batch_init(static_cast<int32_t>(ids.size()), 0, 1);
    for (size_t i = 0; i < ids.size(); i++) {
      batch.token[i] = ids[i];
      batch.pos[i] = static_cast<llama_pos>(i);
      batch.n_seq_id[i] = 1;
      batch.seq_id[i][0] = 0;
      batch.logits[i] = 1;
    }
    batch.n_tokens = static_cast<int32_t>(ids.size());
    if (llama_decode(context, batch) != 0) return fail("llama_decode failed");
    for (size_t i = 0; i < ids.size(); i++) {
      const float* row = llama_get_logits_ith(context, static_cast<int32_t>(i));
      if (std::fwrite(row, sizeof(float), vocab, stdout) != vocab) return fail("cannot write");
    }
    llama_batch_free(batch);
  }
  llama_free(context);
  llama_model_free(model);
  return 0;
}
