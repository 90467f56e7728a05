#include "core/base/uuid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>
#include <vector>

namespace tasker::base {
namespace {

constexpr std::int64_t kUnixMs = 1'767'225'600'123;

int version_of(const Uuid& id) { return id.bytes[6] >> 4U; }
bool has_rfc_variant(const Uuid& id) { return (id.bytes[8] & 0xC0U) == 0x80U; }

TEST(Uuid, TextIsLowerCaseAndParsesBack) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = make_uuid_v4(random);
    const std::string text = id.text();
    ASSERT_EQ(text.size(), 36U);
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef-"), std::string::npos);
    const auto parsed = parse_uuid(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, id);
  }
}

TEST(Uuid, TextHasBytesInOrder) {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(i * 17);
  EXPECT_EQ(id.text(), "00112233-4455-6677-8899-aabbccddeeff");
  std::string out = "id=";
  id.append_to(out);
  EXPECT_EQ(out, "id=00112233-4455-6677-8899-aabbccddeeff");
}

TEST(Uuid, NilIsTheDefault) {
  EXPECT_TRUE(Uuid{}.is_nil());
  Uuid id;
  id.bytes[15] = 1;
  EXPECT_FALSE(id.is_nil());
}

TEST(ParseUuid, AcceptsEitherCase) {
  EXPECT_EQ(parse_uuid("AABBCCDD-EEFF-0011-2233-445566778899"),
            parse_uuid("aabbccdd-eeff-0011-2233-445566778899"));
}

TEST(ParseUuid, RefusesEveryOtherForm) {
  for (const std::string_view text :
       {"", "aabbccdd-eeff-0011-2233-44556677889", "aabbccdd-eeff-0011-2233-4455667788990",
        "aabbccddeeff00112233445566778899", "{aabbccdd-eeff-0011-2233-44556677889}",
        "aabbccdd-eeff-0011-2233-44556677889g", "aabbccdd-eeff-0011-2233-44556677889 ",
        "aabbccdd_eeff_0011_2233_445566778899", "aabbccdde-eff-0011-2233-445566778899",
        "-abbccdd-eeff-0011-2233-445566778899", "aabbccdd-eeff-0011-2233-4455667788\xC3\xA9"}) {
    EXPECT_FALSE(parse_uuid(text)) << text;
  }
}

TEST(ParseUuid, RefusesAnyWrongByteAtAnyPlace) {
  const std::string good = "aabbccdd-eeff-0011-2233-445566778899";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char wrong : {'\0', 'g', '/', ':', '@', 'G', '`', good[at] == '-' ? 'a' : '-'}) {
      std::string text = good;
      text[at] = wrong;
      EXPECT_FALSE(parse_uuid(text)) << text;
    }
  }
}

TEST(UuidV4, HasItsVersionAndVariantAndRandomBits) {
  Random random(2);
  std::set<Uuid> ids;
  Uuid any_set;
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = make_uuid_v4(random);
    EXPECT_EQ(version_of(id), 4);
    EXPECT_TRUE(has_rfc_variant(id));
    EXPECT_TRUE(ids.insert(id).second);
    for (std::size_t byte = 0; byte < 16; ++byte) any_set.bytes[byte] |= id.bytes[byte];
  }
  EXPECT_EQ(any_set.text(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(UuidV7, BeginsWithTheTimeAndHasItsVersionAndVariant) {
  Random random(3);
  const Uuid id = make_uuid_v7(kUnixMs, random);
  EXPECT_EQ(version_of(id), 7);
  EXPECT_TRUE(has_rfc_variant(id));
  std::int64_t unix_ms = 0;
  for (std::size_t i = 0; i < 6; ++i) unix_ms = unix_ms * 256 + id.bytes[i];
  EXPECT_EQ(unix_ms, kUnixMs);
}

TEST(UuidV7, SortsByTime) {
  Random random(4);
  std::vector<Uuid> ids;
  for (std::int64_t ms = 0; ms < 1000; ++ms) ids.push_back(make_uuid_v7(kUnixMs + ms, random));
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end(),
                             [](const Uuid& a, const Uuid& b) { return a.text() < b.text(); }));
}

TEST(UuidV7, TwoOfOneMillisecondDiffer) {
  Random random(5);
  std::set<Uuid> ids;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(ids.insert(make_uuid_v7(kUnixMs, random)).second);
}

TEST(DeriveUuid, IsStableAndOfVersionEight) {
  Random random(6);
  const Uuid parent = make_uuid_v7(kUnixMs, random);
  const Uuid part = derive_uuid(parent, 3);
  EXPECT_EQ(part, derive_uuid(parent, 3));
  EXPECT_EQ(version_of(part), 8);
  EXPECT_TRUE(has_rfc_variant(part));
}

// Stored nowhere, so it may never change between versions.
TEST(DeriveUuid, GivesTheIdsThatItAlwaysGave) {
  const Uuid parent = *parse_uuid("0190a5c3-7d2e-7abc-9def-0123456789ab");
  EXPECT_EQ(derive_uuid(parent, 0).text(), "0190a5c3-7d2e-8abe-a88f-dd983d372e44");
  EXPECT_EQ(derive_uuid(parent, 1).text(), "0190a5c3-7d2e-8abd-9fb2-75e018fbb305");
  EXPECT_EQ(derive_uuid(parent, 4'294'967'295).text(), "0190a5c3-7d2e-8abd-b26a-c0c175909d8d");
}

TEST(DeriveUuid, IsDistinctForEachIndex) {
  Random random(7);
  const Uuid parent = make_uuid_v7(kUnixMs, random);
  std::unordered_set<Uuid, UuidHash> ids;
  for (std::uint64_t index = 0; index < 100'000; ++index) {
    ASSERT_TRUE(ids.insert(derive_uuid(parent, index)).second) << index;
  }
  // Each bit of the index counts, the two that the variant leaves no room for too.
  for (unsigned bit = 20; bit < 64; ++bit) {
    ASSERT_TRUE(ids.insert(derive_uuid(parent, 1ULL << bit)).second) << bit;
  }
  EXPECT_TRUE(ids.insert(derive_uuid(parent, std::numeric_limits<std::uint64_t>::max())).second);
}

TEST(DeriveUuid, IsDistinctAcrossParentsAndGenerations) {
  Random random(8);
  std::unordered_set<Uuid, UuidHash> ids;
  for (int i = 0; i < 300; ++i) {
    const Uuid parent = make_uuid_v7(kUnixMs, random);
    ASSERT_TRUE(ids.insert(parent).second);
    for (std::uint64_t index = 0; index < 10; ++index) {
      const Uuid child = derive_uuid(parent, index);
      ASSERT_TRUE(ids.insert(child).second);
      for (std::uint64_t second = 0; second < 10; ++second) {
        ASSERT_TRUE(ids.insert(derive_uuid(child, second)).second) << index << " " << second;
      }
    }
  }
}

TEST(UuidHash, SpreadsIdsThatDifferInFewBits) {
  Random random(9);
  const Uuid id = make_uuid_v4(random);
  std::set<std::size_t> buckets;
  for (std::size_t bit = 0; bit < 128; ++bit) {
    Uuid other = id;
    other.bytes[bit / 8] = static_cast<std::uint8_t>(other.bytes[bit / 8] ^ (1U << (bit % 8)));
    buckets.insert(UuidHash{}(other) % 4096);
  }
  EXPECT_GT(buckets.size(), 110U);
}

}  // namespace
}  // namespace tasker::base
