// How output is cut down to its beginning and its end.
#include "sandbox/keeper/output.h"

#include <algorithm>

#include "base/limits.h"
#include "wire/report.h"

namespace warder::keeper {

void OutputKeep::Queue(uint8_t stream, std::string_view bytes) {
  streams_[stream - 1].kept += bytes.size();
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, limits::kOutputChunkBytes);
    queue_.push_back(flat::EncodeMessage(wire::Output{stream, std::string(part)}));
    bytes.remove_prefix(part.size());
  }
}

void OutputKeep::Take(uint8_t stream, std::string_view bytes) {
  Stream& s = streams_[stream - 1];
  s.written += bytes.size();
  auto head = static_cast<size_t>(std::min<uint64_t>(head_left_, bytes.size()));
  // A stream goes on in its tail once it began there: its bytes stay in order.
  if (head > 0) Queue(stream, bytes.substr(0, head));
  head_left_ -= head;
  bytes.remove_prefix(head);
  if (bytes.empty()) return;
  s.tail.emplace_back(bytes);
  s.tail_bytes += bytes.size();
  while (s.tail_bytes - s.tail.front().size() >= tail_limit_) {
    s.tail_bytes -= s.tail.front().size();
    s.tail.pop_front();
  }
}

void OutputKeep::Flush(uint8_t stream, uint64_t most) {
  Stream& s = streams_[stream - 1];
  uint64_t skip = s.tail_bytes > most ? s.tail_bytes - most : 0;
  if (s.written > s.kept + s.tail_bytes - skip) queue_.push_back(flat::EncodeMessage(wire::Output{stream, ""}));
  for (const std::string& part : s.tail) {
    auto cut = static_cast<size_t>(std::min<uint64_t>(skip, part.size()));
    skip -= cut;
    Queue(stream, std::string_view(part).substr(cut));
  }
  s.tail.clear();
  s.tail_bytes = 0;
}

void OutputKeep::Finish() {
  uint64_t one = streams_[0].tail_bytes, two = streams_[1].tail_bytes;
  uint64_t half = tail_limit_ / 2;
  uint64_t for_one = std::min(one, std::max(half, tail_limit_ - std::min(two, tail_limit_)));
  Flush(1, for_one);
  Flush(2, std::min(two, tail_limit_ - for_one));
}

}  // namespace warder::keeper
