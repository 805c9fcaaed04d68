#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on our sources, in parallel: tidy.py BUILD [--tests] [FILE...].

Without --tests those of tests are left out, which are a third of all: 7 s a file, and what is found there harms nobody.

BUILD holds the compile commands of a build with clang. A source that stands in several targets is tidied
once. A file that had no finding is not looked at again until it, a header of ours that it reaches, its
command or .clang-tidy changes: 7 s a file are worth a small memory (BUILD/tidy).

Nearly all of that time goes into the libraries' headers. Sources of one folder are therefore laid end to end and
tidied as one, 16 at most; that each of them compiles alone, with no include missing, is asked of the compiler.
Where such a heap has a finding, its sources are tidied one by one, and what that says counts.
"""

import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

TIDY = "clang-tidy-19"
MOST_TOGETHER = 16
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
    command = [TIDY, "--quiet", f"--config-file={ROOT}/.clang-tidy", "-p", str(database), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def command_of(entry, path, *more):
    """The command of an entry without its file and its output, for another file, as a list."""
    words = shlex.split(entry["command"])
    output = words.index("-o")
    del words[output:output + 2]
    words.remove(entry["file"])
    words.remove("-c")
    return [*words, *more, str(path)]


def compiles(path, entry, *more):
    """Whether a file compiles with the command of an entry; what it would warn of is clang-tidy's to say."""
    command = command_of(entry, path, *more, "-fsyntax-only", "-w")
    return subprocess.run(command, capture_output=True, cwd=entry["directory"]).returncode == 0


def heaps(work, found):
    """Sources that may be tidied as one: of one folder, with one command. Fuzzers and benches are programs each."""
    alike = collections.defaultdict(list)
    for path in sorted(work):
        alone = is_test(path) or path.relative_to(ROOT).parts[0] not in ("src", "testing")
        alike[path if alone else (path.parent, *command_of(found[path], ""))].append(path)
    for paths in alike.values():
        for first in range(0, len(paths), MOST_TOGETHER):
            yield paths[first:first + MOST_TOGETHER]


def tidy_together(paths, found, memory):
    """[(path, code, output, errors)] of the sources of a heap. Where two names collide, of its halves."""
    if len(paths) == 1:
        return [(path, *tidy(path, memory)) for path in paths]
    heap = memory / "heaps" / hashlib.sha256("".join(map(str, paths)).encode()).hexdigest() / "heap.cc"
    heap.parent.mkdir(parents=True, exist_ok=True)
    heap.write_text("\n".join(path.read_text() for path in paths))
    first, near = found[paths[0]], ("-iquote", str(paths[0].parent))
    if not compiles(heap, first, *near):
        half = len(paths) // 2
        return tidy_together(paths[:half], found, memory) + tidy_together(paths[half:], found, memory)
    (heap.parent / "compile_commands.json").write_text(json.dumps(
        [{"directory": first["directory"], "command": shlex.join(command_of(first, heap, *near, "-c")), "file": str(heap)}]))
    if tidy(heap, heap.parent)[0] == 0 and all(compiles(path, found[path]) for path in paths):
        return [(path, 0, "", "") for path in paths]
    print(f"{len(paths)} of {paths[0].parent.relative_to(ROOT)}: one by one", flush=True)
    return [(path, *tidy(path, memory)) for path in paths]


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
        parts = sorted(heaps(work, found), key=len, reverse=True)
        heaped = [pool.submit(tidy_together, paths, found, memory) for paths in parts]
        for results in concurrent.futures.as_completed(heaped):
            for path, code, out, err in results.result():
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
