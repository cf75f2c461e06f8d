// Does each life of the host begin and end as it must, and is it signed where it must be?
#include "audit/verify_lives.h"

namespace warder::audit {

void LifeCheck::Find(uint64_t seq, std::string what) {
  report_.findings.push_back({static_cast<int64_t>(seq), std::move(what)});
}

void LifeCheck::DemandStop(uint64_t size) {
  if (!sizes_.contains(size)) Find(size - 1, "the host stopped here, but the checkpoint of it is missing");
}

void LifeCheck::TakeStart(const Record& record, const std::string& key) {
  bool recovered = record.type == "host.recovered";
  if (!recovered && record.seq > 0 && last_type_ != "host.stop")
    Find(record.seq, "the host starts as if it had stopped before, and it had not");
  // The ledger that stopped could still be killed before it signed; then the next one says so.
  if (!recovered && last_type_ == "host.stop") DemandStop(record.seq);
  if (DecimalOf(record.body(), "after") != record.seq)
    Find(record.seq, "the host started after another number of records");
  if (!key.empty() && TextOf(record.body(), "key") != key) Find(record.seq, "the host started with another key");
  auto above = sizes_.upper_bound(record.seq);
  uint64_t before = above == sizes_.begin() ? 0 : *std::prev(above);
  if (recovered && before < record.seq)
    report_.notes.push_back("records " + std::to_string(before) + " to " + std::to_string(record.seq - 1) +
                            " were signed only after a crash, by the recovery at record " + std::to_string(record.seq));
  started_ = record.seq;
  beginning_ = true;
}

void LifeCheck::Take(const Record& record, const std::string& key) {
  bool start = record.type == "host.start" || record.type == "host.recovered";
  if (start) {
    TakeStart(record, key);
  } else {
    if (record.seq == 0) Find(0, "the log does not begin with the start of a host");
    if (last_type_ == "host.stop") Find(record.seq, "a record behind the stop of the host");
    // Before its first checkpoint is signed the ledger takes nothing from anybody. A later one that
    // covers it says the same and more.
    if (beginning_ && record.type != "orphan") {
      if (sizes_.lower_bound(record.seq) == sizes_.end())
        Find(started_, "the host started here, but the checkpoint of it is missing");
      beginning_ = false;
    }
  }
  last_type_ = record.type;
  next_ = record.seq + 1;
}

void LifeCheck::Finish(bool stopped) {
  if (stopped) DemandStop(next_);
  if (sizes_.empty()) report_.findings.push_back({-1, "no checkpoint of this key is there: nothing here is signed"});
}

}  // namespace warder::audit
