#include "core/source.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "core/failure.h"

#if !defined(_WIN32)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace ggma {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Failure("IO", "expected to read the weights from their file, got: " + what);
}

}  // namespace

#if defined(_WIN32)
// Node's descriptors mean nothing to this library's C run time: lib/native.ts reads files itself there.
Source Source::file(int, uint64_t) { fail("no files as sources on Windows"); }
Source Source::mapped(int, uint64_t, uint64_t) { fail("no files as sources on Windows"); }
const uint8_t* Source::read(uint64_t at, size_t, std::vector<uint8_t>&) const { return memory_ + at; }
void Source::copy(uint64_t at, size_t count, uint8_t* out) const { std::memcpy(out, memory_ + at, count); }
#else
Source Source::file(int descriptor, uint64_t offset) {
  Source source(nullptr);
  source.descriptor_ = descriptor;
  source.offset_ = offset;
  return source;
}

Source Source::mapped(int descriptor, uint64_t offset, uint64_t bytes) {
  // A mapping begins at a page.
  const uint64_t before = offset % static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const size_t length = static_cast<size_t>(bytes + before);
  void* start = mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor, static_cast<off_t>(offset - before));
  if (start == MAP_FAILED) fail(std::strerror(errno));
  Source source(static_cast<const uint8_t*>(start) + before);
  source.mapping_ = std::shared_ptr<const void>(
      start, [length](const void* memory) { munmap(const_cast<void*>(memory), length); });
  return source;
}

const uint8_t* Source::read(uint64_t at, size_t count, std::vector<uint8_t>& scratch) const {
  if (memory_) return memory_ + at;
  if (scratch.size() < count) scratch.resize(count);
  copy(at, count, scratch.data());
  return scratch.data();
}

void Source::copy(uint64_t at, size_t count, uint8_t* out) const {
  if (memory_) {
    std::memcpy(out, memory_ + at, count);
    return;
  }
  for (size_t done = 0; done < count;) {
    const ssize_t n = pread(descriptor_, out + done, count - done, static_cast<off_t>(offset_ + at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(std::strerror(errno));
    if (n == 0) fail("the end of the file, which has become shorter");
    done += static_cast<size_t>(n);
  }
}
#endif

}  // namespace ggma
