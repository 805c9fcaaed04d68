// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/sample.h"

namespace wirestamp::cli {

// The files of --jsonl and --csv; "-" is standard output.
class SampleFiles {
 public:
  enum class Format : std::uint8_t { JsonLines, Csv };

  // Creates or empties the file at once, so that a path that cannot be written is known before the
  // first probe.
  Result<void> open(Format format, const std::string& path);
  bool empty() const { return files_.empty(); }

  // Fails when a file cannot be written any more (disk full, reader gone).
  Result<void> write(const std::vector<measure::Sample>& samples);
  Result<void> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept {
      if (file != stdout) std::fclose(file);
    }
  };
  struct File {
    Format format;
    std::string path;
    std::unique_ptr<std::FILE, Close> stream;
  };

  static Result<void> put(File& file, const std::string& text);

  std::vector<File> files_;
};

}  // namespace wirestamp::cli
