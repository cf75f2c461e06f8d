// Who signed this checkpoint, and what does it say?
#include "audit/note.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstring>
#include <memory>

#include "audit/base64.h"
#include "audit/tree.h"
#include "base/text.h"

namespace warder::audit {
namespace {

constexpr char kEd25519 = 1;  // signed-note: the signature type byte
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string TypedKey(const std::array<uint8_t, 32>& key) {
  return std::string(1, kEd25519) + std::string(reinterpret_cast<const char*>(key.data()), key.size());
}

std::string KeyHash(const std::string& name, const std::array<uint8_t, 32>& key) {
  return std::string(AsBytes(FastSha256(name + "\n" + TypedKey(key))).substr(0, 4));
}

bool GoodName(std::string_view name) {
  return !name.empty() && IsUtf8(name) && name.find_first_of("+ \t\r\n\v\f") == std::string_view::npos;
}

// NAME+HASH+BASE64 -> name and 32 bytes; the hash is checked by the caller, who knows the public
// key.
Result<std::array<uint8_t, 32>> SplitKey(std::string_view text, std::string& name, std::string& hash) {
  size_t first = text.find('+'), second = text.find('+', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos)
    return Fail(Code::kInvalid, "a key that is not NAME+HASH+BASE64");
  name = text.substr(0, first);
  hash = FromHex(text.substr(first + 1, second - first - 1)).value_or("");
  std::string bytes = FromBase64(text.substr(second + 1)).value_or("");
  if (!GoodName(name) || hash.size() != 4 || bytes.size() != 33 || bytes[0] != kEd25519)
    return Fail(Code::kInvalid, "a key that is not of Ed25519");
  std::array<uint8_t, 32> key;
  std::memcpy(key.data(), bytes.data() + 1, key.size());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

Result<std::array<uint8_t, 32>> PublicOf(const std::array<uint8_t, 32>& seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), EVP_PKEY_free);
  std::array<uint8_t, 32> out;
  size_t size = out.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1 || size != out.size())
    return Fail(Code::kSystem, "Ed25519 is not there");
  return out;
}

std::string_view TrimNewline(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<NoteVerifier> NoteVerifier::Parse(std::string_view vkey) {
  NoteVerifier verifier;
  std::string hash;
  WARDER_TRY(verifier.key_, SplitKey(TrimNewline(vkey), verifier.name_, hash));
  if (hash != KeyHash(verifier.name_, verifier.key_)) return Fail(Code::kInvalid, "a key with a wrong hash");
  return verifier;
}

std::string NoteVerifier::HashHex() const { return Hex(KeyHash(name_, key_)); }
std::string NoteVerifier::Vkey() const { return name_ + "+" + HashHex() + "+" + Base64(TypedKey(key_)); }

Result<std::string> NoteVerifier::Open(std::string_view note) const {
  size_t split = note.rfind("\n\n");
  if (split == std::string_view::npos || note.empty() || note.back() != '\n' || !IsUtf8(note))
    return Fail(Code::kInvalid, "not a signed note");
  std::string_view text = note.substr(0, split + 1);
  std::string_view lines = note.substr(split + 2);
  std::string start = "— " + name_ + " ";
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    if (!line.starts_with("— ")) return Fail(Code::kInvalid, "a note with a line that is no signature");
    if (!line.starts_with(start)) continue;  // of another key: a witness
    std::string bytes = FromBase64(line.substr(start.size())).value_or("");
    if (bytes.size() != 68 || bytes.substr(0, 4) != KeyHash(name_, key_)) continue;
    Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key_.data(), key_.size()), EVP_PKEY_free);
    DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (!key || !context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1)
      return Fail(Code::kSystem, "Ed25519 is not there");
    if (EVP_DigestVerify(context.get(), reinterpret_cast<const uint8_t*>(bytes.data()) + 4, 64,
                         reinterpret_cast<const uint8_t*>(text.data()), text.size()) != 1)
      return Fail(Code::kDenied, "the signature is not of this text");
    return std::string(text);
  }
  return Fail(Code::kDenied, "no signature of the key " + name_);
}

Result<NoteSigner> NoteSigner::Generate(std::string_view name) {
  if (!GoodName(name)) return Fail(Code::kInvalid, "a key name with a space or a plus sign");
  NoteSigner signer;
  if (RAND_bytes(signer.seed_.data(), static_cast<int>(signer.seed_.size())) != 1)
    return Fail(Code::kSystem, "no random bytes");
  signer.verifier_.name_ = name;
  WARDER_TRY(signer.verifier_.key_, PublicOf(signer.seed_));
  return signer;
}

Result<NoteSigner> NoteSigner::Parse(std::string_view skey) {
  skey = TrimNewline(skey);
  constexpr std::string_view kStart = "PRIVATE+KEY+";
  if (!skey.starts_with(kStart)) return Fail(Code::kInvalid, "not a private key");
  NoteSigner signer;
  std::string hash;
  WARDER_TRY(signer.seed_, SplitKey(skey.substr(kStart.size()), signer.verifier_.name_, hash));
  WARDER_TRY(signer.verifier_.key_, PublicOf(signer.seed_));
  if (hash != KeyHash(signer.verifier_.name_, signer.verifier_.key_))
    return Fail(Code::kInvalid, "a private key with a wrong hash");
  return signer;
}

NoteSigner::~NoteSigner() { OPENSSL_cleanse(seed_.data(), seed_.size()); }

std::string NoteSigner::Skey() const {
  return "PRIVATE+KEY+" + verifier_.name_ + "+" + verifier_.HashHex() + "+" + Base64(TypedKey(seed_));
}

Result<std::string> NoteSigner::Sign(std::string_view text) const {
  if (!text.ends_with('\n') || !IsUtf8(text)) return Fail(Code::kInvalid, "a text that no note can hold");
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()), EVP_PKEY_free);
  DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<uint8_t, 64> signature;
  size_t size = signature.size();
  if (!key || !context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const uint8_t*>(text.data()),
                     text.size()) != 1)
    return Fail(Code::kSystem, "Ed25519 is not there");
  std::string bytes =
      KeyHash(verifier_.name_, verifier_.key_) + std::string(reinterpret_cast<const char*>(signature.data()), size);
  return std::string(text) + "\n— " + verifier_.name_ + " " + Base64(bytes) + "\n";
}

std::string CheckpointText(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + Base64(AsBytes(checkpoint.root)) + "\n";
}

Result<Checkpoint> ParseCheckpoint(std::string_view text) {
  Checkpoint checkpoint;
  const size_t first = text.find('\n'), second = text.find('\n', first + 1), third = text.find('\n', second + 1);
  if (first == std::string_view::npos || second == std::string_view::npos || third == std::string_view::npos)
    return Fail(Code::kInvalid, "a checkpoint without three lines");
  checkpoint.origin = text.substr(0, first);
  auto size = ParseDecimal(text.substr(first + 1, second - first - 1));
  std::string root = FromBase64(text.substr(second + 1, third - second - 1)).value_or("");
  if (checkpoint.origin.empty() || !size || root.size() != 32)
    return Fail(Code::kInvalid, "a checkpoint without origin, size and root");
  checkpoint.size = *size;
  std::memcpy(checkpoint.root.data(), root.data(), root.size());
  return checkpoint;
}

}  // namespace warder::audit
