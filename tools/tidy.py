#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on our sources, in parallel: tidy.py BUILD [--tests] [FILE...].

Without --tests those of tests are left out, which are a third of all: 7 s a file, and what is found there harms nobody.

BUILD holds the compile commands of a build with clang. A source that stands in several targets is tidied
once. A file that had no finding is not looked at again until it, a header of ours that it reaches, its
command or .clang-tidy changes: 7 s a file are worth a small memory (BUILD/tidy).

Nearly all of that time goes into the libraries' headers. Sources of one command are therefore laid end to end and
tidied as one, 16 at most; that each of them compiles alone, with no include missing, is asked of the compiler. Where
such a heap has a finding, the sources it is of are tidied one by one, and what that says counts. What is not seen
there: a using that one source has in vain and another needs.
"""

import bisect
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
OF_EACH_FUZZER = ("LLVMFuzzerTestOneInput", "fuzz_one")  # functions
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


def compiles(path, entry):
    """Whether a source compiles alone; what it would warn of is clang-tidy's to say."""
    command = command_of(entry, path, "-fsyntax-only", "-w")
    return subprocess.run(command, capture_output=True, cwd=entry["directory"]).returncode == 0


def heaps(work, found):
    """Sources that may be tidied as one: with one command, of one folder as far as it goes."""
    alike = collections.defaultdict(list)
    for path in sorted(work):
        alone = is_test(path)
        alike[path if alone else tuple(command_of(found[path], ""))].append(path)
    for paths in alike.values():
        for first in range(0, len(paths), MOST_TOGETHER):
            yield paths[first:first + MOST_TOGETHER]


class Heap:
    """Sources laid end to end in one file, with the command of the first."""

    def __init__(self, paths, found, memory):
        self.paths, self.first = paths, found[paths[0]]
        self.file = memory / "heaps" / hashlib.sha256("".join(map(str, paths)).encode()).hexdigest() / "heap.cc"
        self.begins = []  # of each source, its first line in the heap
        lines = []
        for number, path in enumerate(paths):
            lines += [f"#define {name} {name}{number}" for name in OF_EACH_FUZZER]
            self.begins.append(len(lines) + 1)
            lines += [*path.read_text().splitlines(), *(f"#undef {name}" for name in OF_EACH_FUZZER)]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("\n".join(lines) + "\n")
        (self.file.parent / "compile_commands.json").write_text(json.dumps([{
            "directory": self.first["directory"], "command": shlex.join(self._command("-c")), "file": str(self.file)}]))

    def _command(self, *more):
        near = {path.parent: None for path in self.paths}
        return command_of(self.first, self.file, *(word for folder in near for word in ("-iquote", str(folder))), *more)

    def blamed(self, text, what):
        """The sources that `what` is said of; None where it is said of a header too, and so of nobody."""
        places = re.findall(rf"^(.+?):(\d+):\d+: (?:{what})", text, re.MULTILINE)
        if not all(pathlib.Path(name) == self.file for name, _ in places):
            return None
        return {self.paths[bisect.bisect(self.begins, int(line)) - 1] for _, line in places}

    def strangers(self):
        """Those that do not compile beside the others, for two names that are one here."""
        done = subprocess.run(self._command("-fsyntax-only", "-w", "-ferror-limit=0"), capture_output=True, text=True,
                              cwd=self.first["directory"])
        if done.returncode == 0:
            return set()
        here = "\n".join(line for line in done.stderr.splitlines() if line.startswith(str(self.file)))
        # An error in a header is of the one that a note says to have needed it.
        return self.blamed(here, "error|fatal error") or self.blamed(here, "note") or set(self.paths)


def tidy_together(paths, found, memory):
    """[(path, code, output, errors)] of the sources of a heap. Strangers in it make a heap of their own."""
    if len(paths) == 1:
        return [(path, *tidy(path, memory)) for path in paths]
    heap = Heap(paths, found, memory)
    strangers = heap.strangers()
    if strangers:
        half = len(paths) // 2
        parts = [[path for path in paths if (path in strangers) == strange] for strange in (False, True)]
        parts = parts if all(parts) else [paths[:half], paths[half:]]
        return [result for part in parts for result in tidy_together(part, found, memory)]
    code, output, _ = tidy(heap.file, heap.file.parent)
    blamed = set() if code == 0 else heap.blamed(output, "warning|error") or set(paths)
    blamed |= {path for path in set(paths) - blamed if not compiles(path, found[path])}
    if blamed:
        print(f"{len(blamed)} of {len(paths)} sources one by one", flush=True)
    return [(path, *(tidy(path, memory) if path in blamed else (0, "", ""))) for path in paths]


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
