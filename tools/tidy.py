#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on our sources, in parallel: tidy.py BUILD [--tests] [FILE...].

Without --tests those of tests are left out, which are a third of all: 7 s a file, and what is found there harms nobody.

BUILD holds the compile commands of a build with clang. A source that stands in several targets is tidied
once. A file that had no finding is not looked at again until it, a header of ours that it reaches, its
command or .clang-tidy changes: 7 s a file are worth a small memory (BUILD/tidy).
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

TIDY = "clang-tidy-19"
ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src", "testing", "tests", "fuzz", "bench")
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


def entries(build):
    """One compile command for each of our sources."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FOLDERS:
            found.setdefault(path, entry)
    return found


def reached(path, seen):
    """The file and our headers that it includes, directly or not."""
    if path in seen or not path.is_file():
        return
    seen[path] = path.read_bytes()
    for name in INCLUDE.findall(seen[path]):
        for folder in (ROOT / "src", path.parent):
            reached((folder / os.fsdecode(name)).resolve(), seen)


def key_of(path, entry, common):
    digest = hashlib.sha256(common + json.dumps(entry, sort_keys=True).encode())
    files = {}
    reached(path, files)
    for name in sorted(files):
        digest.update(os.fsencode(name) + b"\0" + files[name])
    return digest.hexdigest()


def tidy(path, database):
    done = subprocess.run([TIDY, "--quiet", "-p", str(database), str(path)], capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def is_test(path):
    return path.name.endswith("_test.cc") or path.relative_to(ROOT).parts[0] == "tests"


def main(arguments):
    with_tests = "--tests" in arguments
    arguments = [argument for argument in arguments if argument != "--tests"]
    build = pathlib.Path(arguments[0]).resolve()
    wanted = {pathlib.Path(name).resolve() for name in arguments[1:]}
    memory = build / "tidy"
    memory.mkdir(exist_ok=True)
    found = entries(build)
    (memory / "compile_commands.json").write_text(json.dumps(list(found.values())))
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()
    keys = {path: memory / key_of(path, entry, common) for path, entry in found.items()
            if (path in wanted if wanted else with_tests or not is_test(path))}
    work = [path for path, key in keys.items() if not key.exists()]
    print(f"{len(keys)} sources, {len(work)} to look at", flush=True)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, (code, out, err) in zip(work, pool.map(lambda path: tidy(path, memory), work)):
            if code == 0:
                keys[path].touch()
                continue
            bad += 1
            print(f"--- {path.relative_to(ROOT)}\n{out}", flush=True)
            if not out.strip():
                print(err)
    print(f"{bad} sources with findings")
    return 1 if bad or not keys else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
