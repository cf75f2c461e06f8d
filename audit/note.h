// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519.
//
// Keys in the text forms of golang.org/x/mod/sumdb/note: vkey NAME+HASH+BASE64(1 ‖ public key),
// skey PRIVATE+KEY+NAME+HASH+BASE64(1 ‖ seed), so that tools which know no warder verify our
// checkpoints.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/sha256.h"

namespace warder::audit {

class NoteVerifier {
 public:
  // kInvalid for a text that is no Ed25519 vkey, or whose hash is not the key's.
  static Result<NoteVerifier> Parse(std::string_view vkey);
  const std::string& name() const { return name_; }
  std::string HashHex() const;
  std::string Vkey() const;
  // The text of a note that this key signed; kDenied where it did not, kInvalid where it is no
  // note.
  Result<std::string> Open(std::string_view note) const;

 private:
  friend class NoteSigner;
  std::string name_;
  std::array<uint8_t, 32> key_{};
};

class NoteSigner {
 public:
  // A new random key. The name has neither spaces nor '+'.
  static Result<NoteSigner> Generate(std::string_view name);
  static Result<NoteSigner> Parse(std::string_view skey);
  NoteSigner(NoteSigner&&) = default;
  NoteSigner& operator=(NoteSigner&&) = default;
  ~NoteSigner();

  const NoteVerifier& verifier() const { return verifier_; }
  std::string Skey() const;
  // kInvalid where the text is not UTF-8 or does not end with a newline: nobody could open its note.
  Result<std::string> Sign(std::string_view text) const;

 private:
  NoteSigner() = default;
  std::array<uint8_t, 32> seed_{};
  NoteVerifier verifier_;
};

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Digest root{};
};
std::string CheckpointText(const Checkpoint& checkpoint);
Result<Checkpoint> ParseCheckpoint(std::string_view text);

}  // namespace warder::audit
