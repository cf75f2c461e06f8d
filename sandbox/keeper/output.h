// What is kept of a jail's output: the beginning, as it comes, and the end; the middle is dropped.
//
// Of `limit` bytes for both streams together, the first half is passed on at once, whichever stream wrote it.
// What comes later waits in a tail for each stream, and goes out at the end within the second half: a stream
// that needs less leaves the rest to the other. Where bytes of a stream were left out, an Output message of no
// bytes stands in their place.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace warder::keeper {

class OutputKeep {
 public:
  explicit OutputKeep(uint64_t limit) : head_left_(limit / 2), tail_limit_(limit - limit / 2) {}

  // Takes what stream 1 or 2 wrote.
  void Take(uint8_t stream, std::string_view bytes);
  // Moves the tails to the queue; nothing is taken afterwards.
  void Finish();

  // Encoded Output messages, oldest first, each at most kOutputChunkBytes of content.
  std::deque<std::string>& queue() { return queue_; }
  uint64_t written(uint8_t stream) const { return streams_[stream - 1].written; }
  uint64_t kept(uint8_t stream) const { return streams_[stream - 1].kept; }

 private:
  struct Stream {
    uint64_t written = 0;
    uint64_t kept = 0;
    std::deque<std::string> tail;
    uint64_t tail_bytes = 0;
  };
  void Queue(uint8_t stream, std::string_view bytes);
  void Flush(uint8_t stream, uint64_t most);

  uint64_t head_left_;
  uint64_t tail_limit_;
  Stream streams_[2];
  std::deque<std::string> queue_;
};

}  // namespace warder::keeper
