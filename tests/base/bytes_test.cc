// Do hashes, text, flat messages, packets and sealed memory keep their contracts?
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/archive.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/packet.h"
#include "base/sha256.h"
#include "base/text.h"

namespace warder {
namespace {

std::string HexOf(const Digest& digest) { return Hex(AsBytes(digest)); }

TEST(Sha256, NistVectors) {
  EXPECT_EQ(HexOf(HashSha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexOf(HashSha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexOf(HashSha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.Update(std::string(1000, 'a'));
  EXPECT_EQ(HexOf(million.Finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HmacOfRfc4231) {
  EXPECT_EQ(HexOf(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexOf(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(HexOf(HmacSha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(HexOf(HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  Digest a = HashSha256("a"), b = a;
  EXPECT_TRUE(SameDigest(a, b));
  b[31] ^= 1;
  EXPECT_FALSE(SameDigest(a, b));
}

TEST(Text, WhatATerminalMayBeShown) {
  EXPECT_EQ(ForTerminal("a\x1b[0m\n"), "a\\x1b[0m\\n");
  EXPECT_EQ(ForTerminal("\xe2\x80\xae"), "\\u{202e}");
  EXPECT_EQ(ForTerminal("\xff\\"), "\\xff\\\\");
  // One of each kind that shows as nothing: fillers, variation selectors, tags, joiners, C1.
  for (const char* hidden : {"\xe3\x85\xa4", "\xe1\x85\x9f", "\xef\xbe\xa0", "\xef\xb8\x80", "\xef\xb8\x8f",
                             "\xf3\xa0\x84\x80", "\xf3\xa0\x87\xaf", "\xf3\xa0\x81\x81", "\xcd\x8f", "\xe1\xa0\x8e",
                             "\xe2\x81\xa0", "\xef\xbb\xbf", "\xc2\x9b", "\xe2\x80\xa8", "\xc2\xad", "\xe2\x81\xa6"})
    EXPECT_EQ(ForTerminal(hidden)[0], '\\') << hidden;
  for (const char* plain : {"\xc3\xa9", "\xe2\x82\xac", "\xe3\x81\x82", "\xf0\x9f\x98\x80"})
    EXPECT_EQ(ForTerminal(plain), plain);
  EXPECT_EQ(ForTerminal("a\n", true), "a\n");
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xe2\x82"})
    EXPECT_FALSE(IsUtf8(bad));
  EXPECT_EQ(ShellQuote("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuote(""), "''");
  for (const char* bad : {"", "01", "+1", "-1", "1 ", "18446744073709551616"}) EXPECT_FALSE(ParseDecimal(bad)) << bad;
  EXPECT_EQ(ParseDecimal("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(FromHex("0A"));
  EXPECT_FALSE(FromHex("0"));
}

struct Sample {
  static constexpr uint8_t kVersion = 1, kType = 200;
  uint32_t number = 7;
  std::string bytes = "abc";
  std::vector<std::string> list = {"x", ""};
  std::optional<bool> maybe = true;
  template <typename F>
  void Fields(F& f) {
    f(number, bytes, list, maybe);
  }
};

TEST(Flat, OneValueHasOneEncoding) {
  const std::string bytes = flat::EncodeMessage(Sample{});
  ASSERT_TRUE(flat::DecodeMessage<Sample>(bytes));
  for (size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(flat::DecodeMessage<Sample>(bytes.substr(0, cut))) << cut;
  EXPECT_FALSE(flat::DecodeMessage<Sample>(bytes + '\0'));
  std::string other = bytes;
  other[0] = 2;
  EXPECT_EQ(flat::DecodeMessage<Sample>(other).error().code, Code::kUnsupported);
  other = bytes;
  other[1] = 1;
  EXPECT_FALSE(flat::DecodeMessage<Sample>(other));
  other = bytes;
  other.back() = 2;
  EXPECT_FALSE(flat::DecodeMessage<Sample>(other)) << "a bool of 2";
  flat::Reader lie(std::string_view("\xff\xff\xff\xff", 4));
  EXPECT_TRUE(lie.Strings().empty());
  EXPECT_FALSE(lie.ok());
}

TEST(Packet, WholeOrNotAtAll) {
  auto pair = MakePacketPair();
  ASSERT_TRUE(pair);
  const int fds[] = {0, 1};
  ASSERT_TRUE(SendPacket(pair->first.get(), "hello", fds));
  auto packet = ReceivePacket(pair->second.get());
  ASSERT_TRUE(packet && *packet);
  EXPECT_EQ((*packet)->bytes, "hello");
  ASSERT_EQ((*packet)->fds.size(), 2u);
  EXPECT_NE(fcntl((*packet)->fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_FALSE(SendPacket(pair->first.get(), ""));
  EXPECT_FALSE(SendPacket(pair->first.get(), std::string(limits::kMaxMessageBytes + 1, 'x')));
  auto none = ReceivePacket(pair->second.get(), true);
  EXPECT_TRUE(none && !none->has_value());
  const std::string large(limits::kMaxMessageBytes + 1, 'x');
  ASSERT_GT(send(pair->first.get(), large.data(), large.size(), 0), 0);
  EXPECT_FALSE(ReceivePacket(pair->second.get())) << "a cut message";
  pair->first.Reset();
  EXPECT_EQ(ReceivePacket(pair->second.get()).error().code, Code::kUnavailable);
}

TEST(File, SealedMemoryStaysAsItWas) {
  auto sealed = SealedMemory("test", "bytes");
  ASSERT_TRUE(sealed);
  EXPECT_EQ(ReadSealed(sealed->get(), 5).value_or(""), "bytes");
  EXPECT_EQ(ReadSealed(sealed->get(), 4).error().code, Code::kLimit);
  EXPECT_LT(pwrite(sealed->get(), "x", 1, 0), 0);
  EXPECT_NE(ftruncate(sealed->get(), 1), 0);
  UniqueFd open_memory(memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(ReadSealed(open_memory.get(), 5).error().code, Code::kDenied);
  EXPECT_EQ(ReadFile("/dev/zero", 100).error().code, Code::kLimit);
}

}  // namespace
}  // namespace warder
