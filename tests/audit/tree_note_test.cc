// Do tree, notes and base64 agree with what others publish?
#include <gtest/gtest.h>

#include "audit/base64.h"
#include "audit/note.h"
#include "audit/tree.h"
#include "base/text.h"

namespace warder::audit {
namespace {

// The eight leaves and roots that certificate-transparency's own tests use.
TEST(Tree, RootsAreThoseOfCertificateTransparency) {
  const char* kLeaves[] = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  const char* kRoots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                          "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Tree tree;
  EXPECT_EQ(Hex(AsBytes(tree.Root())), kRoots[0]);
  for (size_t i = 0; i < 8; ++i) {
    tree.Append(LeafHash(*FromHex(kLeaves[i])));
    EXPECT_EQ(tree.size(), i + 1);
    EXPECT_EQ(Hex(AsBytes(tree.Root())), kRoots[i + 1]) << i;
  }
}

// The example of golang.org/x/mod/sumdb/note's documentation: another implementation's key and
// signature.
constexpr char kGoKey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kGoSecret[] = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr char kGoText[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr char kGoSignature[] =
    "\n— PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Note, ReadsAndWritesWhatGoReadsAndWrites) {
  auto key = NoteVerifier::Parse(kGoKey);
  ASSERT_TRUE(key) << key.error().what;
  EXPECT_EQ(key->Open(std::string(kGoText) + kGoSignature).value(), kGoText);
  auto signer = NoteSigner::Parse(kGoSecret);
  ASSERT_TRUE(signer) << signer.error().what;
  EXPECT_EQ(signer->Sign(kGoText).value(), std::string(kGoText) + kGoSignature);
  EXPECT_EQ(signer->verifier().Vkey(), kGoKey);
}

TEST(Note, AnyChangedByteIsRefused) {
  auto key = NoteVerifier::Parse(kGoKey).value();
  std::string note = std::string(kGoText) + kGoSignature;
  for (size_t i = 0; i < note.size(); ++i) {
    std::string changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.Open(changed)) << i;
    EXPECT_FALSE(key.Open(note.substr(0, i))) << i;
  }
}

TEST(Note, KeysOfOtherFormsAreRefused) {
  for (const char* text :
       {"", "a", "a+b", "a+c74f20a3+", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"})
    EXPECT_FALSE(NoteVerifier::Parse(text)) << text;
  EXPECT_FALSE(NoteSigner::Generate("two words"));
  EXPECT_FALSE(NoteSigner::Generate("a+b"));
}

TEST(Note, ATextThatNobodyCouldOpenIsNotSigned) {
  auto signer = NoteSigner::Generate("host");
  ASSERT_TRUE(signer.has_value());
  for (const char* text : {"", "no last newline", "\xff\n"}) EXPECT_FALSE(signer->Sign(text)) << text;
  EXPECT_TRUE(signer->Sign("words\n"));
}

TEST(Note, CheckpointGoesThereAndBack) {
  Checkpoint checkpoint{"warder-log/h", 12'345'678'901, LeafHash("x")};
  auto back = ParseCheckpoint(CheckpointText(checkpoint));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->origin, checkpoint.origin);
  EXPECT_EQ(back->size, checkpoint.size);
  EXPECT_EQ(back->root, checkpoint.root);
  const std::string whole = CheckpointText(checkpoint);
  EXPECT_FALSE(ParseCheckpoint(whole.substr(0, whole.size() - 1))) << "the last line is cut";
  for (const char* text : {"", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n"}) EXPECT_FALSE(ParseCheckpoint(text)) << text;
}

TEST(Base64, IsRfc4648AndStrict) {
  const char* kPairs[][2] = {{"", ""},
                             {"f", "Zg=="},
                             {"fo", "Zm8="},
                             {"foo", "Zm9v"},
                             {"foob", "Zm9vYg=="},
                             {"fooba", "Zm9vYmE="},
                             {"foobar", "Zm9vYmFy"}};
  for (auto& [bytes, text] : kPairs) {
    EXPECT_EQ(Base64(bytes), text);
    EXPECT_EQ(FromBase64(text), bytes);
  }
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-v"})
    EXPECT_FALSE(FromBase64(text)) << text;
}

}  // namespace
}  // namespace warder::audit
