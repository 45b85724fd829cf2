// What the control groups of this process leave it (Linux, versions 1 and 2): a container's share of a larger
// machine. Each of a group's ancestors may limit it too; what cannot be read does not limit.
// Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst, scheduler/sched-bwc.rst.
#ifndef GGMA_CORE_CGROUP_H
#define GGMA_CORE_CGROUP_H

#include <cstdint>
#include <string>

namespace ggma {

// `root`: the folder that has proc and sys, for tests. All give UINT64_MAX where there is no limit.

// Whole processors' worth of time, at least 1. Rounded down: threads that wait for each other and together
// use up their share of a period all stand still until the next.
uint64_t cgroup_cpus(const std::string& root = "");

// Bytes that the processes of the group may take together.
uint64_t cgroup_memory(const std::string& root = "");

// … and of these what is still free. The page cache counts as free: the kernel gives it back first.
uint64_t cgroup_memory_left(const std::string& root = "");

}  // namespace ggma

#endif
