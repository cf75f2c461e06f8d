// Signed notes and checkpoints: what a key opens it signed, byte for byte; a checkpoint has one text.
//
// The input is a text to sign, a zero byte, and bytes with which the note is changed. Property: Open gives back what
// was signed; a note that differs from the signed one is never opened to another text; ParseCheckpoint inverts
// CheckpointText; any bytes as a note or a key are refused or taken, nothing else.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "audit/note.h"

namespace {
using namespace warder;
using namespace warder::audit;

void Demand(bool holds) {
  if (!holds) std::abort();
}

const NoteSigner& Signer() {
  static const auto signer = NoteSigner::Generate("fuzz");
  Demand(signer.has_value());
  return *signer;
}

// Pairs of bytes: where, and what is xored there.
std::string Changed(std::string note, std::string_view changes) {
  for (size_t i = 0; i + 1 < changes.size(); i += 2)
    note[static_cast<uint8_t>(changes[i]) % note.size()] ^= changes[i + 1];
  return note;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto key = NoteVerifier::Parse(bytes)) Demand(key->Vkey() == bytes);
  (void)NoteSigner::Parse(bytes);
  (void)Signer().verifier().Open(bytes);
  // Lines after the third are for others (tlog-checkpoint).
  if (auto checkpoint = ParseCheckpoint(bytes)) Demand(bytes.starts_with(CheckpointText(*checkpoint)));
  const size_t zero = bytes.find('\0');
  const std::string text(bytes.substr(0, zero));
  auto note = Signer().Sign(text);
  if (!note) return 0;
  auto opened = Signer().verifier().Open(*note);
  Demand(opened && *opened == text);
  if (zero == std::string_view::npos) return 0;
  const std::string other = Changed(*note, bytes.substr(zero + 1));
  if (auto forged = Signer().verifier().Open(other)) Demand(*forged == text);
  return 0;
}
