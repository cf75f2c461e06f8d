// Appends records to the audit log; they count when Commit() has returned.
//
// Stage() gives records their seqs and keeps them in memory; Commit() writes all that were staged
// and returns after fdatasync(2) of them: values and blobs first, then the leaves, so that a
// durable leaf never lacks what stands behind its commitments. If a write or a sync fails, the tail
// of the file is unknown: the writer is shut for good, and every later call answers kUnavailable.
// One thread.
//
// Space: segments are preallocated. When no further one can be had, or the file system has less
// than free_refuse left, only records of closing types are taken, out of the reserve of the last
// segment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/files.h"
#include "audit/note.h"
#include "audit/record.h"
#include "audit/scan.h"
#include "audit/tree.h"
#include "base/limits.h"

namespace warder::audit {

struct WriterOptions {
  std::string host;
  std::string boot;  // hex
  uint64_t segment_bytes = limits::kDefaultSegmentBytes;
  uint64_t reserve_bytes = limits::kReserveBytes;
  uint64_t free_warn_bytes = 0;
  uint64_t free_refuse_bytes = 0;
};

struct Entry {
  Prepared prepared;
  std::optional<uint64_t> session, call;
  std::optional<AgentName> agent;
};

class LedgerWriter {
 public:
  // Takes the directory's lock (kConflict: another ledger has it), scans the log, puts a torn tail
  // aside. The layer must outlive the writer; the directory is borrowed.
  static Result<std::unique_ptr<LedgerWriter>> Open(int directory, WriterOptions options,
                                                    const std::optional<Checkpoint>& known, FileLayer& files);

  // All of them or none, in order; the seqs. May commit what was staged before (a new segment).
  // kUnavailable: shut, or no space for records of these types. kLimit: a record is too long.
  Result<std::vector<uint64_t>> Stage(const std::vector<Entry>& entries);
  Status Commit();
  // Whether a new record would be taken now; kUnavailable says why not.
  Status TakesNew();

  const LogState& found() const { return found_; }  // as Open() found it
  const std::string& torn_file() const { return torn_file_; }
  const Digest& torn_digest() const { return torn_digest_; }
  bool shut() const { return shut_.has_value(); }
  const std::string& why_shut() const;
  size_t staged() const { return staged_.size(); }
  const Tree& tree() const { return tree_; }  // over what is durable
  // Bytes left on the file system where they are below free_warn.
  std::optional<uint64_t> LowSpace();

 private:
  struct Part {  // one of a segment's two files
    UniqueFd fd;
    uint64_t end = 0;
    std::string waiting;
  };
  struct Rendered {
    std::string line;
    std::string sides;
  };
  LedgerWriter(int directory, WriterOptions options, FileLayer& files);
  Status TakeLock();
  Status PutTornTailAside();
  Status OpenSegment(uint64_t first_seq);
  Status Rotate();
  Status MakeRoom(size_t log_bytes, size_t side_bytes, bool closing);
  bool Fits(size_t log_bytes, size_t side_bytes, uint64_t spare) const;
  Status WritePart(Part& part);
  Status Shut(Error error);
  Result<std::vector<Rendered>> RenderAll(const std::vector<Entry>& entries);

  int directory_;
  WriterOptions options_;
  FileLayer& files_;
  UniqueFd lock_;
  LogState found_;
  std::string torn_file_;
  Digest torn_digest_{};
  Part log_, side_;
  std::vector<Digest> staged_;  // leaf hashes
  Tree tree_;
  std::optional<Error> shut_;
};

}  // namespace warder::audit
