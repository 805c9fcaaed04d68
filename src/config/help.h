// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/option.h"

// Texts made of the option table.
namespace wirestamp::config {

// The option part of `wirestamp help COMMAND`, in lines of at most 96 columns.
std::string option_help(Command command);

// docs/reference/options.md.
std::string option_reference();

}  // namespace wirestamp::config
