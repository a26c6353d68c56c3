// The texts of keys: shown when they belong to the key in the slot, and only then.
#include "shm/key_text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/seed.hpp"

namespace seki::test {
namespace {

class KeyText : public testing::Test {
protected:
    KeyText() { texts.fill(); }
    std::vector<layout::key_text> records{4};
    shm::key_texts<> texts{records};
    layout::header header{};
    shm::fingerprint hash{header, 1};
    static bool stands() { return true; }
    // Of a record that nobody wrote to.
    [[nodiscard]] shm::key_texts<>::record none() const {
        std::vector<layout::key_text> one{1};
        const shm::key_texts<> made{one};
        made.fill();
        return made.look(0);
    }
    // Of the first record.
    layout::word& word(std::size_t i) {
        layout::pair& pair = records[0].pairs[i / 2];
        return i % 2 == 0 ? shm::word_access::first(pair) : shm::word_access::second(pair);
    }
};

// Fails if a key is hashed alike in two segments, or by two limiters: who knows one could choose keys that collide in another.
TEST(Fingerprint, EachLimiterOfEachSegmentHasItsOwn) {
    layout::header one{}, other{};
    other.seed.back() = 1;
    for (const std::size_t size : {0U, 1U, 127U, 128U, 129U, 500U}) {
        const std::string key(size, 'k');
        EXPECT_EQ(shm::fingerprint(one, 1)(key), shm::fingerprint(one, 1)(key));
        EXPECT_NE(shm::fingerprint(one, 1)(key), shm::fingerprint(other, 1)(key));
        EXPECT_NE(shm::fingerprint(one, 1)(key), shm::fingerprint(one, 2)(key));
        EXPECT_NE(shm::fingerprint(one, 1)(key) & layout::tag_bit, 0U);
    }
    EXPECT_NE(shm::fingerprint(one, 1).table_stamp(), shm::fingerprint(other, 1).table_stamp());
    EXPECT_EQ(shm::fingerprint(one, 1).table_stamp() & layout::tag_bit, 0U);
}

// Fails if a length is off by one anywhere around what is kept whole.
TEST_F(KeyText, ShortKeysAreKeptWholeAndLongOnesByTheirBeginning) {
    for (std::size_t length = 0; length < 100; ++length) {
        std::string key;
        for (std::size_t i = 0; i < length; ++i) key.push_back(static_cast<char>('a' + i % 26));
        texts.write(2, hash(key), key, stands);
        const auto read = texts.read(2, hash(key), hash);
        ASSERT_TRUE(read) << length;
        EXPECT_EQ(read->whole, length <= layout::text_whole);
        EXPECT_EQ(read->key, length <= layout::text_whole ? key : key.substr(0, layout::text_prefix));
    }
}

// Fails if a slot beyond the last has a text, or gets one.
TEST_F(KeyText, BeyondTheLastSlotThereIsNone) {
    const shm::key_texts<> fewer{std::span{records}.first(3)};
    fewer.write(3, hash("key"), "key", stands);
    EXPECT_EQ(texts.look(3), none());
    texts.write(3, hash("key"), "key", stands);
    EXPECT_FALSE(fewer.read(3, hash("key"), hash));
    EXPECT_EQ(fewer.look(3), shm::key_texts<>::record{});
    fewer.wipe(3, texts.look(3), stands);
    EXPECT_TRUE(texts.read(3, hash("key"), hash));
}

// Fails if bytes of a key are taken for the end of a text.
TEST_F(KeyText, KeysOfAnyBytesAreKept) {
    const std::string key{"\0\xff\n\0key\0", 8};
    texts.write(0, hash(key), key, stands);
    EXPECT_EQ(texts.read(0, hash(key), hash)->key, key);
}

// Fails if the text of a key that had the slot before is shown for the one that has it now.
TEST_F(KeyText, ATextIsNotBelievedForAnotherKey) {
    const std::string brief = "10.0.0.1", lengthy(60, 'x');
    for (const std::string& key : {brief, lengthy}) {
        texts.write(1, hash(key), key, stands);
        EXPECT_FALSE(texts.read(1, hash("another"), hash));
        EXPECT_FALSE(texts.read(1, hash(key), shm::fingerprint(header, 2)) && key == brief)
            << "the limiter of another incarnation";
    }
    EXPECT_FALSE(texts.read(3, hash("never written"), hash));
}

// Fails if a record that two wrote at once, or that one left half-written, is believed.
TEST_F(KeyText, MixturesOfTwoTextsAreNotBelieved) {
    const std::string one = "the first of two keys, short", two = "and the second, also short";
    for (const auto& [a, b] : {std::pair{one, two}, std::pair{one, std::string(90, 'y')},
                               std::pair{std::string(50, 'x'), std::string(90, 'y')}}) {
        std::array<std::uint64_t, 4> first{}, second{};
        const auto copy = [&](auto& to) {
            for (std::size_t i = 0; i < 4; ++i) to[i] = shm::hardware::load_relaxed(word(i));
        };
        texts.write(0, hash(a), a, stands);
        copy(first);
        texts.write(0, hash(b), b, stands);
        copy(second);
        for (unsigned mix = 1; mix < 15; ++mix) {
            bool same_as_one = true, same_as_other = true;
            for (std::size_t i = 0; i < 4; ++i) {
                const std::uint64_t value = (mix >> i & 1) != 0 ? first[i] : second[i];
                shm::hardware::store_relaxed(word(i), value);
                same_as_one = same_as_one && value == first[i];
                same_as_other = same_as_other && value == second[i];
            }
            EXPECT_EQ(texts.read(0, hash(a), hash).has_value(), same_as_one) << mix;
            EXPECT_EQ(texts.read(0, hash(b), hash).has_value(), same_as_other) << mix;
        }
    }
}

// Fails if a length or an index from the segment is used unchecked.
TEST_F(KeyText, RandomBytesAreNeverBelieved) {
    std::mt19937_64 random{seed_or(1)};
    for (int round = 0; round < 100'000; ++round) {
        for (std::size_t i = 0; i < 4; ++i)
            shm::hardware::store_relaxed(word(i), i % 2 == 0 ? (random() >> 8) | layout::text_mark : random());
        ASSERT_FALSE(texts.read(0, random() | layout::tag_bit, hash));
    }
    EXPECT_FALSE(texts.read(4, hash("key"), hash));
    texts.write(4, hash("key"), "key", stands);
    EXPECT_FALSE(shm::key_texts<>{}.kept());
    EXPECT_FALSE(shm::key_texts<>{}.read(0, hash("key"), hash));
}

// Fails if a wiped text can still be found in memory, or if wiping takes the text of a key that came to the slot since.
TEST_F(KeyText, WhatIsWipedIsGoneAndWhatCameSinceStays) {
    texts.write(1, hash("alice"), "alice", stands);
    const auto seen = texts.look(1);
    texts.wipe(1, seen, stands);
    EXPECT_EQ(texts.look(1), none());
    const std::string long_name = "robert, who has a long name";  // both its pairs are other ones
    texts.write(1, hash(long_name), long_name, stands);
    texts.wipe(1, seen, stands);
    EXPECT_EQ(texts.read(1, hash(long_name), hash)->key, long_name);
    texts.wipe(records.size(), seen, stands);  // out of bounds: nothing
    EXPECT_EQ(texts.look(records.size()), (shm::key_texts<>::record{}));
}

// Fails if what has no mark of a text is written over, as zeros of whatever is made of the memory would be; or if it is not ready for a text once it is marked.
TEST_F(KeyText, WhatHasNoMarkIsLeftAloneUntilItIsMarked) {
    for (const std::string& key : {std::string{"alice"}, std::string(60, 'x')})
        for (const bool first : {true, false})
            for (const bool second : {true, false}) {
                records = std::vector<layout::key_text>(4);
                texts = shm::key_texts<>{records};
                texts.fill();
                EXPECT_FALSE(texts.lacks_mark(texts.look(0)));
                if (first) shm::hardware::store_pair_release(records[0].pairs[0], {});
                if (second) shm::hardware::store_pair_release(records[0].pairs[1], {0, 7});
                const auto before = texts.look(0);
                EXPECT_EQ(texts.lacks_mark(before), first || second);
                texts.write(0, hash(key), key, stands);
                texts.wipe(0, texts.look(0), stands);
                EXPECT_EQ(texts.look(0)[0], first ? before[0] : none()[0]);
                EXPECT_EQ(texts.look(0)[1], second ? before[1] : none()[1]);
                EXPECT_EQ(texts.lacks_mark(texts.look(0)), first || second);
                texts.mark(0);
                EXPECT_EQ(texts.look(0), none());
                texts.write(0, hash(key), key, stands);
                texts.mark(0);  // has no need of it
                EXPECT_TRUE(texts.read(0, hash(key), hash));
                EXPECT_FALSE(texts.lacks_mark(texts.look(0)));
            }
    EXPECT_FALSE(shm::key_texts<>{}.lacks_mark({})) << "there is none that could";
}

// Fails if an empty record is what something else in a segment comes to be: zeros, or a mark and zeros, as a limit and a number of windows may.
TEST_F(KeyText, AnEmptyRecordIsNothingElse) {
    for (const layout::pair_value& pair : none()) {
        EXPECT_EQ(pair.first >> 56, layout::text_mark >> 56);
        EXPECT_EQ(pair.second, ~std::uint64_t{0});
    }
    EXPECT_FALSE(texts.read(0, hash(""), hash));
    EXPECT_FALSE(texts.read(0, hash(std::string(255, '\xff')), hash));
}

}  // namespace
}  // namespace seki::test
