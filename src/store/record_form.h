// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "measure/event.h"
#include "measure/incident.h"
#include "measure/sample.h"
#include "store/pack.h"

// Samples and events as the octets that are stored: every field, absent ones as a bit. The first
// octet of a record is its version. What comes back is what went in.
namespace wirestamp::store {

// Samples follow each other in one record.
void put_sample(Packer& out, const measure::Sample& sample);
// Marks the reader failed when there is no sample, well formed.
measure::Sample get_sample(Unpacker& in);

std::string encode(const measure::Event& event);
// Of the octets of an event, without the rest of it. Absent where there is no event of a known
// form.
std::optional<measure::EventKind> kind_of_event(base::Bytes octets);
std::optional<measure::Event> decode_event(base::Bytes octets);

// Of an incident what is not asked for by SQL: its figures.
std::string encode_figures(const measure::Incident& incident);
// Leaves the incident as it is where there are none that can be read.
void decode_figures(base::Bytes octets, measure::Incident& incident);

}  // namespace wirestamp::store
