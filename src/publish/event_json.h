// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "measure/event.h"
#include "publish/json_writer.h"

namespace wirestamp::publish {

// An event's members, into an object that is open (docs/reference/output.md, "An event").
void write_event(JsonWriter& json, const measure::Event& event);

}  // namespace wirestamp::publish
