#include "core/cgroup.h"

#include <algorithm>
#include <fstream>
#include <vector>

namespace ggma {
namespace {

// The folders with the files of `controller`, from the process's own group up to the root of the hierarchy. A
// line of /proc/self/cgroup is "4:cpu,cpuacct:/a/b" (version 1) or "0::/a/b" (version 2). In a container the
// path may be the host's, of which only the last ancestor, the mount itself, is there.
std::vector<std::string> folders(const std::string& root, const std::string& controller) {
  std::vector<std::string> found;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    if (!names.empty() && ("," + names + ",").find("," + controller + ",") == std::string::npos) continue;
    std::string group = line.substr(second + 1);
    if (group.find("/..") != std::string::npos) group.clear();  // outside of what this namespace sees
    for (;; group.resize(group.rfind('/'))) {
      for (const std::string& mount : {names, names.empty() ? "unified" : controller}) {
        const std::string folder = root + "/sys/fs/cgroup/" + mount + group;
        if (std::find(found.begin(), found.end(), folder) == found.end()) found.push_back(folder);
      }
      if (group.rfind('/') == std::string::npos) break;
    }
  }
  return found;
}

// The number that stands `skip` words into a file, or −1: no such file, or a word like "max".
int64_t number_in(const std::string& path, int skip = 0) {
  std::ifstream file(path);
  std::string word;
  while (skip-- > 0) file >> word;
  int64_t number = -1;
  return file >> number ? number : -1;
}

// Bytes of files in a memory.stat; version 1 counts the groups below in other lines.
int64_t file_cache(const std::string& path) {
  std::ifstream file(path);
  int64_t own = 0, total = -1, bytes = 0;
  for (std::string name; file >> name >> bytes;) {
    if (name == "inactive_file" || name == "active_file") own += bytes;
    if (name == "total_inactive_file" || name == "total_active_file")
      total = std::max<int64_t>(total, 0) + bytes;
  }
  return total >= 0 ? total : own;
}

int64_t memory_limit(const std::string& folder) {
  return std::max(number_in(folder + "/memory.max"), number_in(folder + "/memory.limit_in_bytes"));
}

int64_t memory_used(const std::string& folder) {
  const int64_t all =
      std::max(number_in(folder + "/memory.current"), number_in(folder + "/memory.usage_in_bytes"));
  return std::max<int64_t>(0, all - file_cache(folder + "/memory.stat"));
}

}  // namespace

uint64_t cgroup_cpus(const std::string& root) {
  uint64_t cpus = UINT64_MAX;
  const auto limit = [&](int64_t quota, int64_t period) {
    if (quota > 0 && period > 0)
      cpus = std::min(cpus, std::max<uint64_t>(1, static_cast<uint64_t>(quota / period)));
  };
  for (const std::string& folder : folders(root, "cpu")) {
    limit(number_in(folder + "/cpu.max"), number_in(folder + "/cpu.max", 1));
    limit(number_in(folder + "/cpu.cfs_quota_us"), number_in(folder + "/cpu.cfs_period_us"));
  }
  return cpus;
}

uint64_t cgroup_memory(const std::string& root) {
  uint64_t bytes = UINT64_MAX;
  for (const std::string& folder : folders(root, "memory")) {
    const int64_t limit = memory_limit(folder);
    if (limit >= 0) bytes = std::min(bytes, static_cast<uint64_t>(limit));
  }
  return bytes;
}

uint64_t cgroup_memory_left(const std::string& root) {
  uint64_t bytes = UINT64_MAX;
  for (const std::string& folder : folders(root, "memory")) {
    const int64_t limit = memory_limit(folder);
    if (limit >= 0)
      bytes = std::min(bytes, static_cast<uint64_t>(std::max<int64_t>(0, limit - memory_used(folder))));
  }
  return bytes;
}

}  // namespace ggma
