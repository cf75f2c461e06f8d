// What the root `host-usr` of a jail is made of: a reason each. Everything is nosuid; only /dev lacks nodev.
#pragma once

#include <cstdint>

namespace warder::tables {

enum class MountKind : uint8_t {
  kBind,  // of the host's path, with what is mounted below it
  kTmpfs,
  kPts,
  kProc,
};

struct MountRow {
  MountKind kind;
  const char* path;  // in the jail, without the leading slash; the host's too for kBind
  bool writable;
  bool executable;
  bool optional;  // absent on the host: absent in the jail
  const char* reason;
};

inline constexpr MountRow kMounts[] = {
    {MountKind::kBind, "usr", false, true, false, "the programs and libraries"},
    {MountKind::kBind, "etc/alternatives", false, false, true, "links of /usr/bin lead through it"},
    {MountKind::kBind, "etc/ld.so.cache", false, false, true, "the loader finds libraries faster"},
    {MountKind::kBind, "etc/ssl/certs", false, false, true, "public certificates"},
    {MountKind::kBind, "etc/ssl/openssl.cnf", false, false, true, "libssl refuses to start without it"},
    {MountKind::kBind, "etc/services", false, false, true, "names of ports"},
    {MountKind::kBind, "etc/protocols", false, false, true, "names of protocols"},
    {MountKind::kBind, "etc/terminfo", false, false, true, "descriptions of terminals"},
    {MountKind::kBind, "etc/mime.types", false, false, true, "types of files"},
    {MountKind::kBind, "etc/perl", false, false, true, "perl's library path"},
    {MountKind::kTmpfs, "dev", false, false, false, "own nodes only"},
    {MountKind::kPts, "dev/pts", true, false, false, "own terminals"},
    {MountKind::kTmpfs, "dev/shm", true, false, false, "POSIX shared memory"},
    {MountKind::kTmpfs, "tmp", true, false, false, "scratch space, of a size"},
    {MountKind::kProc, "proc", false, false, false, "own processes; read-only: no /proc/PID/mem, no sysctl"},
};

// Links that a merged /usr wants; made where the host has them, with the host's target.
inline constexpr const char* kRootLinks[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc/localtime"};

struct DeviceRow {
  const char* name;
  unsigned major;
  unsigned minor;
};
inline constexpr DeviceRow kDevices[] = {  // Documentation/admin-guide/devices.txt
    {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

struct LinkRow {
  const char* name;
  const char* target;
};
inline constexpr LinkRow kDeviceLinks[] = {{"fd", "/proc/self/fd"},
                                           {"stdin", "/proc/self/fd/0"},
                                           {"stdout", "/proc/self/fd/1"},
                                           {"stderr", "/proc/self/fd/2"},
                                           {"ptmx", "pts/ptmx"}};

// Entries of /proc that speak of the whole host; covered where the kernel has them.
inline constexpr const char* kProcMasks[] = {
    "acpi",     "asound", "bus",           "fs",          "irq",  "kcore",         "key-users",  "keys",
    "kallsyms", "kmsg",   "latency_stats", "sched_debug", "scsi", "sysrq-trigger", "timer_list", "modules"};

}  // namespace warder::tables
