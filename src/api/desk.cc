// SPDX-License-Identifier: Apache-2.0
#include "api/desk.h"

#include <cerrno>

#include "api/lookup.h"

namespace wirestamp::api {

std::unexpected<Problem> Desk::failed(const Error& error) {
  if (error.os_error == E2BIG) return wrong_step(error.text);
  reader_.reset();
  return refuse({.status = 503,
                 .code = "store_unavailable",
                 .message = "what is kept cannot be read now: " + error.text,
                 .headers = {{"Retry-After", "5"}}});
}

Answer<store::Reader*> Desk::reader() {
  if (!reader_) {
    auto opened = sources_.open_store();
    if (!opened) return failed(opened.error());
    reader_ = *std::move(opened);
  }
  return reader_.get();
}

}  // namespace wirestamp::api
