// SPDX-License-Identifier: Apache-2.0
#include "notify/signature.h"

#include <gtest/gtest.h>

namespace wirestamp::notify {
namespace {

// Made with Python's hmac module: hmac.new(KEY, b"TIMESTAMP.BODY", "sha256").hexdigest()
TEST(Signature, is_that_of_another_implementation) {
  EXPECT_EQ(signature_of("0123456789abcdef", "1700000000", R"({"kind":"incident.opened"})"),
            "79d34c2d00ee20f4ba38bebe572c8f41900516b37131ee4ed2bcca7f6e84d3ad");
  EXPECT_EQ(signature_of(std::string_view("\0\xff\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd", 16),
                         "1700000000", ""),
            "8f150e5768ada8bafd0a2d79f1e536bd128f478a920d312c4f362c6206b605bb");
  // Longer than the block of the hash.
  EXPECT_EQ(signature_of(std::string(131, 'k'), "0", "body"),
            "88e72b19e994ef77fc6b3eabb37d1c24bf66dc72dd978397c63da201ad79dc19");
}

TEST(Signature, time_and_body_cannot_be_moved_into_each_other) {
  EXPECT_NE(signature_of("0123456789abcdef", "1", "2.3"),
            signature_of("0123456789abcdef", "12", ".3"));
}

}  // namespace
}  // namespace wirestamp::notify
