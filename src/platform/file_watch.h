// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "time/duration.h"

namespace wirestamp::platform {

// Tells when the file behind a path is another one, has another content, is gone or back: written
// in place, replaced by rename, or reached through a symbolic link anywhere in the path that was
// moved to another place (as Kubernetes does it with mounted configurations). It need not exist.
//
// What is watched are the folders on the way (inotify), on a thread of its own.
class FileWatch {
 public:
  struct Options {
    std::string path;
    // Editors write in several steps: what changes is told when it has not changed again for so
    // long, ten times that at the latest.
    Duration settle = Duration::milliseconds(200);
  };

  // Create it before the file is read: no change is missed then. `changed` is called on the other
  // thread, once for what settled together. It may not destroy
  // the watch. Fails when the system gives no watch: says what to do instead.
  static Result<std::unique_ptr<FileWatch>> create(const Options& options,
                                                   std::function<void()> changed);
  virtual ~FileWatch() = default;  // waits for a call of `changed` that is under way
};

}  // namespace wirestamp::platform
