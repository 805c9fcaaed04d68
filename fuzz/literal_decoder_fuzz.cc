// SPDX-License-Identifier: Apache-2.0
//
// Any datagram read by wire/ and by the literal decoder (wire/literal_test.h): base packets of both
// modes, and TLV headers behind each of them and from the first octet on.
#include "base/check.h"
#include "fuzz.h"
#include "wire/literal_agreement_test.h"

using namespace wirestamp;

FUZZ_TARGET(input) { CHECK(wire::literal::difference(input) == nullptr); }
