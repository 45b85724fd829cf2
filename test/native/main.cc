#include "native/harness.h"

namespace ggma::test {
namespace {

size_t checks = 0, failures = 0, printed = 0;

}  // namespace

std::vector<Test>& tests() {
  static std::vector<Test> list;
  return list;
}

void check(bool holds, const char* what, const std::string& detail, const char* file, int line) {
  checks++;
  if (holds) return;
  failures++;
  if (printed++ < 10) std::printf("  %s:%d: %s %s\n", file, line, what, detail.c_str());
}

}  // namespace ggma::test

int main(int argc, char** argv) {
  using namespace ggma::test;
  const char* only = argc > 1 ? argv[1] : "";
  size_t passed = 0, failed = 0;
  std::printf("instruction sets:");
  for (const auto* table : ggma::available_kernels()) std::printf(" %s", table->name);
  std::printf("\n");
  for (const Test& test : tests()) {
    if (!std::strstr(test.name, only)) continue;
    const size_t checks_before = checks, failures_before = failures;
    printed = 0;
    try {
      test.run();
    } catch (const ggma::Failure& failure) {
      check(false, failure.code.c_str(), failure.message + " " + failure.path, __FILE__, __LINE__);
    }
    const bool bad =
        failures > failures_before || checks == checks_before;  // a test that checks nothing is broken
    std::printf("%s %s (%zu checks)\n", bad ? "FAILED" : "ok", test.name, checks - checks_before);
    std::fflush(stdout);
    (bad ? failed : passed)++;
  }
  std::printf("%zu passed, %zu failed (%zu checks)\n", passed, failed, checks);
  return failed == 0 && passed > 0 ? 0 : 1;
}
