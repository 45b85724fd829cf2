// The limits of control groups, read from trees of files as the kernel has them.
#include "core/cgroup.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/buffer.h"
#include "core/engine.h"
#include "native/harness.h"

namespace ggma::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// A folder with proc and sys, gone at the end.
class Tree {
 public:
  Tree(std::initializer_list<std::pair<const char*, const char*>> files)
      : root_(std::filesystem::temp_directory_path() / ("ggma-cgroup-" + std::to_string(getpid()))) {
    for (const auto& [name, text] : files) write(name, text);
  }
  ~Tree() { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string root() const { return root_.string(); }

 private:
  const std::filesystem::path root_;
};

GGMA_TEST(control_groups_without_limits_do_not_limit) {
  {
    const Tree none{{"proc/version", "Linux"}};
    CHECK(cgroup_cpus(none.root()) == UINT64_MAX);
    CHECK(cgroup_memory(none.root()) == UINT64_MAX);
    CHECK(cgroup_memory_left(none.root()) == UINT64_MAX);
    CHECK(default_threads(none.root()) >= 1);
  }
  for (const char* line : {"0::/\n", "0::/a/b\n", "nonsense\n", "0:\n", ""}) {
    const Tree tree{{"proc/self/cgroup", line},
                    {"sys/fs/cgroup/cpu.max", "max 100000\n"},
                    {"sys/fs/cgroup/memory.max", "max\n"},
                    {"sys/fs/cgroup/memory.current", "12345\n"}};
    CHECK_FOR(cgroup_cpus(tree.root()) == UINT64_MAX, line);
    CHECK_FOR(cgroup_memory(tree.root()) == UINT64_MAX, line);
    CHECK_FOR(cgroup_memory_left(tree.root()) == UINT64_MAX, line);
  }
}

GGMA_TEST(version_2_limits_by_the_group_and_its_ancestors) {
  const Tree tree{{"proc/self/cgroup", "0::/pod/box\n"},
                  {"sys/fs/cgroup/pod/box/cpu.max", "350000 100000\n"},
                  {"sys/fs/cgroup/pod/cpu.max", "max 100000\n"},
                  {"sys/fs/cgroup/pod/box/memory.max", "max\n"},
                  {"sys/fs/cgroup/pod/memory.max", "1048576000\n"},
                  {"sys/fs/cgroup/pod/memory.current", "524288000\n"},
                  {"sys/fs/cgroup/pod/memory.stat",
                   "anon 1\nfile 9\ninactive_file 104857600\nactive_file 209715200\nslab 7\n"}};
  CHECK(cgroup_cpus(tree.root()) == 3);
  CHECK(cgroup_memory(tree.root()) == 1000 * kMiB);
  CHECK(cgroup_memory_left(tree.root()) == (1000 - 500 + 100 + 200) * kMiB);
  tree.write("sys/fs/cgroup/pod/cpu.max", "50000 100000\n");
  CHECK(cgroup_cpus(tree.root()) == 1 && default_threads(tree.root()) == 1);
  tree.write("sys/fs/cgroup/pod/box/memory.max", "1048576\n");
  tree.write("sys/fs/cgroup/pod/box/memory.current", "2097152\n");
  CHECK(cgroup_memory(tree.root()) == kMiB && cgroup_memory_left(tree.root()) == 0);
}

// Docker without a namespace for groups: the path is the host's, the mount is the container's own group.
GGMA_TEST(a_containers_mount_limits_whatever_the_path_says) {
  for (const char* line : {"0::/docker/0123\n", "0::/../../0123\n", "0::/\n"}) {
    const Tree tree{{"proc/self/cgroup", line},
                    {"sys/fs/cgroup/cpu.max", "200000 100000\n"},
                    {"sys/fs/cgroup/memory.max", "1048576\n"}};
    CHECK_FOR(cgroup_cpus(tree.root()) == 2, line);
    CHECK_FOR(cgroup_memory(tree.root()) == kMiB && cgroup_memory_left(tree.root()) == kMiB, line);
  }
}

GGMA_TEST(version_1_limits_by_controller) {
  const Tree tree{
      {"proc/self/cgroup",
       "12:cpuset:/other\n5:memory:/box\n4:cpu,cpuacct:/box\n1:name=systemd:/box\n0::/box\n"},
      {"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "400000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/cpuset/other/cpu.max", "100000 100000\n"},
      {"sys/fs/cgroup/memory/box/memory.limit_in_bytes", "104857600\n"},
      {"sys/fs/cgroup/memory/box/memory.usage_in_bytes", "31457280\n"},
      {"sys/fs/cgroup/memory/box/memory.stat",
       "inactive_file 1\nactive_file 1\ntotal_inactive_file 10485760\ntotal_active_file 10485760\n"},
      {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}};
  CHECK(cgroup_cpus(tree.root()) == 4);
  CHECK(cgroup_memory(tree.root()) == 100 * kMiB);
  CHECK(cgroup_memory_left(tree.root()) == 90 * kMiB);
}

GGMA_TEST(what_this_machine_has_keeps_to_its_groups) {
  CHECK(physical_memory() <= cgroup_memory());
  CHECK(available_memory() <= physical_memory());
  CHECK(default_threads() >= 1 && default_threads() <= cgroup_cpus());
}

}  // namespace
}  // namespace ggma::test
