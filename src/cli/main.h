// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace wirestamp::cli {

// The program: runs the command that the words name and returns its exit code. Never throws.
int main(int argc, char** argv);

}  // namespace wirestamp::cli
