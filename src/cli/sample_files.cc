// SPDX-License-Identifier: Apache-2.0
#include "cli/sample_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "publish/csv.h"
#include "publish/jsonl.h"

namespace wirestamp::cli {

namespace {

Result<void> failed(const std::string& path, int error) {
  return fail(fmt::format("cannot write '{}': {}", path == "-" ? "standard output" : path,
                          std::generic_category().message(error)),
              error);
}

}  // namespace

Result<void> SampleFiles::open(Format format, const std::string& path) {
  std::FILE* stream = path == "-" ? stdout : std::fopen(path.c_str(), "we");
  if (stream == nullptr) return failed(path, errno);
  files_.push_back({format, path, std::unique_ptr<std::FILE, Close>(stream)});
  if (format == Format::JsonLines) return {};
  std::string header;
  publish::append_csv_header(header);
  return put(files_.back(), header);
}

// Whole lines reach the file with each call, so that a reader sees probes as they are decided.
Result<void> SampleFiles::put(File& file, const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), file.stream.get()) == text.size() &&
      std::fflush(file.stream.get()) == 0)
    return {};
  return failed(file.path, errno);
}

Result<void> SampleFiles::write(const std::vector<measure::Sample>& samples) {
  std::string text;
  for (File& file : files_) {
    text.clear();
    for (const measure::Sample& sample : samples) {
      if (file.format == Format::JsonLines)
        publish::append_json_line(sample, text);
      else
        publish::append_csv_line(sample, text);
    }
    if (!text.empty()) TRY_VOID(put(file, text));
  }
  return {};
}

Result<void> SampleFiles::finish() {
  Result<void> result;
  for (File& file : files_) {
    std::FILE* stream = file.stream.release();
    const bool closed = stream == stdout ? std::fflush(stream) == 0 : std::fclose(stream) == 0;
    if (!closed && result) result = failed(file.path, errno);
  }
  files_.clear();
  return result;
}

}  // namespace wirestamp::cli
