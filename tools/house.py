#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules as a test: house.py [ROOT]. Prints each offence and the largest files and functions.

A rule stands here only when a compiler or clang-tidy cannot hold it. Each names its reason, because a rule
without one is obeyed until it is in the way. tools/house_test.py shows that every rule fires.
"""

import ast
import pathlib
import re
import sys
from dataclasses import dataclass

# --- the layers -----------------------------------------------------------------------------------------
# What a folder of src/ may include besides itself. Reading downwards, a folder names only lines above it.
#   session, net: meet in packet and do not know each other, so that a session runs in virtual time and
#                 a backend can be judged without STAMP.
#   twamp:        TWAMP-Control and its test sessions, as pure as session, which knows nothing of it.
#   measure:      knows samples and times, no protocol: the same figures serve whatever made the samples.
#   net:          the contract may name its backends (that is the factory); nobody else may.
#   crypto:       hashes and ciphers over octets; wire says what they protect.
#   alert, store, publish, notify: know nothing of each other; what they share stands in measure.
#   client:       asks an agent over HTTP, and knows nothing of how it answers.
#   term:         pictures for terminals, as octets: no I/O; axes and figures are those of publish.
#   report:       fills what publish tells from what store keeps, for the command and the API alike.
#   api:          answers from the store and from what the agent tells it (api/service.h).
#   cli:          turns the types of the layers below into text, so it sees them; it does not see backends.
ALLOWED_INCLUDES = {
    "base": "",
    "crypto": "base",
    "time": "base",
    "packet": "base time",
    "wire": "base crypto time packet",
    "twamp": "base crypto time packet wire",
    "measure": "base time",
    "platform": "base time packet",
    "config": "base crypto time packet",
    "session": "base crypto time packet wire measure",
    "net/linux": "base time packet platform net",
    "net/portable": "base time packet platform net",
    "net": "base time packet platform net/linux net/portable",
    "alert": "base time measure",
    "store": "base time measure platform",
    "publish": "base time packet measure",
    "notify": "base time platform",
    "client": "base time",
    "term": "base time publish",
    "report": "base time measure store publish",
    "api": "base time packet measure platform store publish report",
    "agent": "base crypto time packet wire twamp measure platform config session net alert store publish notify report api",
    "cli": "base time packet wire twamp measure platform config session net alert store publish notify client term report api agent",
    "apps": "cli",
}
# A test may use these besides what its folder may: a contract test runs on every backend.
ALLOWED_IN_TESTS = {"net": "net/linux net/portable", "net/linux": "net/portable", "net/portable": "net/linux"}

# Libraries, and the only places that pay for them (compile time, or weight in the program).
ALLOWED_LIBRARIES = {
    "CLI": ["src/cli"],  # 13 s for each file that includes it
    "nlohmann": ["src/client", "*_test.cc", "*_test.h", "tests", "testing", "bench", "fuzz"],  # 6 s; written is with fmt
    "SQLiteCpp": ["src/store", "testing/demo", "*_test.cc", "bench"],
    "sqlite3.h": ["src/store"],
    "curl": ["src/notify", "src/client", "*_test.cc"],
    "protozero": ["src/publish"],
    "microhttpd.h": ["src/api"],
    "zlib.h": ["src/api"],
    # Hashes of packets and keys are behind crypto/, so that it can be another.
    "openssl": ["src/crypto", "src/notify", "src/api", "*_test.cc", "*_test.h", "tests", "bench", "fuzz"],
    "gtest": ["*_test.cc", "tests"],
    "gmock": ["*_test.cc", "tests"],
    "rapidcheck": ["*_test.cc", "tests"],
    "benchmark": ["bench"],
}

BACKENDS = r"src/net/[a-z]+/"
SYSTEM = rf"^(src/platform/|{BACKENDS}|testing/|bench/)"  # the only code that knows the operating system
OS_HEADER = re.compile(
    r"^(sys|linux|netinet|net|arpa|asm|bits)/|^(unistd|fcntl|poll|signal|termios|ifaddrs|netdb|pthread|sched|dlfcn|pwd"
    r"|grp|errno|time|spawn|ucontext|semaphore|mqueue|syslog|winsock2|ws2tcpip|windows)\.h$")

# --- banned calls ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ban:
    """`pattern` in the code (comments and strings taken out) of files whose path matches `where`."""
    pattern: str
    reason: str
    where: str = r"\.(cc|h)$"
    but_not: str = r"$^"


SHIPPED = r"^src/.*(?<!_test)\.(cc|h)$"
BANS = [
    Ban(r"\b(clock_gettime|gettimeofday|timespec_get|ftime)\s*\(|[cC]lock::now\b|\bstd::clock\b|\btime\((nullptr|NULL|0)\)",
        "a clock is read only in platform/ and net/<backend>/: time comes in through the caller, so tests can make it",
        but_not=SYSTEM),
    Ban(r"\bSO_TIMESTAMP(NS)?(_OLD|_NEW)?\b",
        "it silently returns the time of reading when the kernel has no stamp: SO_TIMESTAMPING says what it has"),
    Ban(r"\b(sleep|usleep|nanosleep|clock_nanosleep|sleep_for|sleep_until)\s*\(",
        "wait for the event (poll, a condition), not for a while: sleeping tests are slow and then wrong",
        but_not=r"^(bench|testing)/(?!.*_test\.cc$)"),
    Ban(r"\bstd::(regex|smatch|cmatch|basic_regex)\b", "6 s of compile time for each file, and it recurses on input"),
    Ban(r"\bfmt::print\s*\(", "it throws when it cannot write: cli/streams.h", SHIPPED),
    Ban(r"\bstd::(cout|cerr|clog)\b", "they cost static initialisation: cli/streams.h, or fmt::print where no user waits", SHIPPED),
    Ban(r"\b(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strncpy)\s*\(", "it knows no bound: spans, fmt::format_to_n"),
    Ban(r"\b(atoi|atol|atoll|atof|strtol|strtoll|strtoul|strtoull|strtod|sscanf|stoi|stol|stoul|stoull|stod)\s*\(",
        "it accepts rubbish, throws or reads the locale: std::from_chars"),
    Ban(r"\b(rand|srand|srandom|drand48|rand_r)\s*\(|\bstd::(mt19937|random_device)",
        "base/random.h with a seed that is printed; the seed comes from platform/entropy.h"),
    Ban(r"\b(system|popen|vfork)\s*\(", "no shell runs in this program"),
    Ban(r"\b(localtime|gmtime|ctime|asctime|strtok|strerror|inet_ntoa|gethostbyname)\s*\(", "one static buffer for all threads"),
    Ban(r"\b(inet_addr|inet_aton)\s*\(", "it takes 1.2 and 0x7f for addresses: packet/address.h"),
    Ban(r"\bFD_SET\b", "undefined above 1023 descriptors: poll"),
    Ban(r"\bthrow\b", "failures are Result; no exception crosses a module", SHIPPED),
    Ban(r"(?<!static_)\bassert\s*\(", "gone in a release: CHECK is always on", SHIPPED),
    Ban(r"\busing\s+namespace\s+std\b", "a new name in the library changes what our code means"),
    Ban(r"\busing\s+namespace\b", "it reaches everyone who includes the header", r"\.h$"),
    Ban(r"\b(getenv|secure_getenv|setenv|putenv)\s*\(", "variables come through the option table of config/ (what the system itself says, as TERM: platform/)",
        SHIPPED, r"^src/(config|cli|platform)/"),
    Ban(r"\.detach\s*\(\s*\)", "every thread is joined by its owner (a question to the name server, or a write to a stopped terminal, may hang for minutes)",
        but_not=r"^src/(agent/name_follower|platform/background_writer)\.cc$"),
    Ban(r"^\s*#\s*(if|ifdef|ifndef|elif)\b", "what differs between systems lives in platform/ and net/<backend>/",
        r"^src/", SYSTEM),
]

# --- words ----------------------------------------------------------------------------------------------
WORDS = [
    (r"/(?:wor[k]|hom[e]|roo[t])/|/tmp/buil[d]", "a path of one machine"),
    (r"\.pkg\.de[v]\b|artifact-?registr[y]|\.interna[l]\b", "a host of one network"),
    (r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b", "finish it or leave it out"),
]
# Addresses of pages that will still be there: standards and specifications, and names kept for examples.
KNOWN_HOSTS = re.compile(
    r"(?:[a-z0-9.-]+\.)?(?:rfc-editor\.org|ietf\.org|iana\.org|apache\.org|kernel\.org|debian\.org|json-schema\.org"
    r"|itu\.int|prometheus\.io|opentelemetry\.io|github\.com|example(?:\.com|\.net|\.org)?|localhost|w3\.org)$")

# --- sizes ----------------------------------------------------------------------------------------------
FILE_REPORTED, FILE_REFUSED = 400, 750
FUNCTION_REPORTED, FUNCTION_REFUSED = 70, 120
FUNCTIONS_OVER_REPORTED = 0.02  # the share the best code bases keep to

TEXT = re.compile(r"(\.(cc|h|py|sh|cmake|txt|toml|md|json|yml|yaml|bpf\.c|html|svg|dict)|^[^.]+)$")
SKIPPED_FOLDERS = {"build", ".git", "__pycache__", "corpus", "node_modules", ".cache"}


@dataclass(frozen=True)
class Source:
    path: str  # from the root, with /
    text: str

    @property
    def name(self):
        return self.path.rpartition("/")[2]

    @property
    def is_cpp(self):
        return self.path.endswith((".cc", ".h"))

    @property
    def is_test(self):
        return self.path.endswith("_test.cc") or self.path.startswith("tests/")

    @property
    def layer(self):
        """net/linux, session, ...; None outside of src/."""
        parts = self.path.split("/")[1:-1] if self.path.startswith("src/") else []
        return "/".join(parts) if parts else None


NOT_CODE = re.compile(  # comments, raw strings, strings, characters (but not the ' of 1'000)
    r"""//[^\n]*|/\*.*?\*/|R"([^()\\\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'""", re.DOTALL)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def code_of(text):
    """The text with comments, strings and characters blanked, line for line."""
    return NOT_CODE.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def read_sources(root):
    found = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if SKIPPED_FOLDERS & set(relative.parts) or not path.is_file() or path.is_symlink():
            continue
        if TEXT.search(path.name) or relative.parts[0] == ".ci":
            found.append(Source(relative.as_posix(), path.read_text(encoding="utf-8")))
    return found


# --- the rules: each takes a source and yields (line, message) -------------------------------------------


def includes(source):
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', source.text, re.MULTILINE):
        yield line_of(source.text, match.start()), match.group(1) == '"', match.group(2)


def include_edges(source):
    """Layers include only what the table allows; testing/ never ships."""
    layer = source.layer
    if not source.is_cpp or layer is None:
        return
    if layer not in ALLOWED_INCLUDES:
        yield 1, f"the folder {layer} is in no line of the table of layers"
        return
    allowed = {layer, *ALLOWED_INCLUDES[layer].split()}
    if source.is_test:
        allowed |= set(ALLOWED_IN_TESTS.get(layer, "").split())
    for line, quoted, header in includes(source):
        if not quoted:
            if f"src/{header}" in HEADERS:
                yield line, f"<{header}> is ours, in quotes"
            continue
        target = header.rpartition("/")[0]
        if target not in ALLOWED_INCLUDES:
            yield line, f'"{header}" is in no layer (the include root is src/; testing/ never ships)'
        elif target not in allowed:
            yield line, f"{layer} may not include {target}"


def linked_layers(source):
    """A folder links no layer that it may not include."""
    if source.name != "CMakeLists.txt" or source.layer is None:
        return
    for match in re.finditer(r"\bwirestamp_library\(\s*([^)]*)\)", source.text):
        words = match.group(1).split("TEST_L")[0].split()
        names = [word.replace("net_", "net/") for word in words]
        allowed = set(ALLOWED_INCLUDES.get(names[0], "").split())
        for name in names[1:]:
            if name not in allowed:
                yield line_of(source.text, match.start()), f"{names[0]} may not link {name}"


def libraries(source):
    """Costly or test-only libraries stay where they belong."""
    if not source.is_cpp:
        return
    for line, _, header in includes(source):
        places = ALLOWED_LIBRARIES.get(header.partition("/")[0])
        if places and not any(place[0] == "*" and source.path.endswith(place[1:]) or source.path.startswith(place + "/")
                              for place in places):
            yield line, f"<{header}> belongs in {', '.join(places)}"
        if header in ("regex", "iostream") and re.search(SHIPPED, source.path):
            yield line, f"<{header}> costs compile time or static initialisation and is not needed"


def system_headers(source):
    """Headers of the operating system stay in platform/ and net/<backend>/."""
    if not source.path.startswith("src/") or not source.is_cpp or re.search(SYSTEM, source.path):
        return
    for line, quoted, header in includes(source):
        if not quoted and OS_HEADER.search(header):
            yield line, f"<{header}> outside of platform/ and net/<backend>/"


def banned_calls(source):
    """Calls that have a better one here."""
    if not source.is_cpp:
        return
    code = code_of(source.text)
    for ban in BANS:
        if not re.search(ban.where, source.path) or re.search(ban.but_not, source.path):
            continue
        for match in re.finditer(ban.pattern, code, re.MULTILINE):
            yield line_of(code, match.start()), f"{match.group().strip()}: {ban.reason}"


def licence_line(source):
    """One SPDX line at the top; headers then have #pragma once."""
    if source.path.endswith((".md", ".json", ".dict", ".svg", ".html")) or source.name == "LICENSE":
        return
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in source.text.splitlines()[:2]):
        yield 1, "no line SPDX-License-Identifier: Apache-2.0 at the top"
    if source.path.endswith(".h") and "#pragma once" not in source.text:
        yield 1, "no #pragma once"


def words(source):
    """What belongs to one machine or one day, and addresses nobody vouches for."""
    if source.name == "LICENSE":
        return
    for pattern, reason in WORDS:
        for match in re.finditer(pattern, source.text):
            yield line_of(source.text, match.start()), f"{match.group()}: {reason}"
    # What npm writes names whom to pay for a package; where a package was had from is left out of it.
    text = re.sub(r'"funding": \{[^}]*\}|"funding": \[[^\]]*\]', lambda found: re.sub(r"[^\n]", "", found.group()), source.text) \
        if source.name == "package-lock.json" else source.text
    for match in re.finditer(r"\bhttps?://([A-Za-z0-9.-]+)", text):
        if not KNOWN_HOSTS.match(match.group(1)) and not re.fullmatch(r"[0-9.]+", match.group(1)):
            yield line_of(text, match.start()), f"{match.group()}: not a host of KNOWN_HOSTS in tools/house.py"


def file_sizes(source):
    """A file that nobody reads whole."""
    lines = source.text.count("\n")
    if lines > FILE_REFUSED and source.path.endswith((".cc", ".h", ".py", ".sh")):
        yield 1, f"{lines} lines, more than {FILE_REFUSED}: it is two files"


def function_sizes(source):
    """A function that nobody understands whole."""
    for name, line, lines in functions_of(source):
        if lines > FUNCTION_REFUSED:
            yield line, f"{name} has {lines} lines, more than {FUNCTION_REFUSED}"


def named_documents(source):
    """A page that a text sends its reader to exists."""
    if source.path.endswith((".json", ".dict")):
        return
    for match in re.finditer(r"(?<![\w*/.])(?:[\w.-]+/)*[\w-]+\.md\b", source.text):
        if match.group().rpartition("/")[2] not in DOCUMENTS:
            yield line_of(source.text, match.start()), f"{match.group()} is not in this repository"


DOCUMENTS, HEADERS = set(), set()  # the names of all .md files, the paths of all .h files; filled before the rules run
RULES = [include_edges, linked_layers, libraries, system_headers, banned_calls, licence_line, words, file_sizes,
         function_sizes, named_documents]

# --- functions and their sizes ---------------------------------------------------------------------------


SCOPE = re.compile(r"^(inline\s+)?namespace\b|\b(class|struct|union|enum)\b[^()]*$|^extern\b[^()]*$")
MEMBER_INITIALISER = re.compile(r"\)[\w\s]*:(?!:)\s*(.*,\s*)?[\w:<>]+$", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#.*(?:\\\n.*)*", re.MULTILINE)


def cpp_functions(text):
    """(name, line, lines) of each function body: a brace that follows a parenthesis where none is open yet."""
    code = DIRECTIVE.sub(blank, code_of(text))
    stack, head = [], 0
    for match in re.finditer(r"[{};]", code):
        position = match.start()
        if match.group() == "{":
            before = re.sub(r"\{[^{}]*\}", "()", code[head:position]).strip()
            inside = any(kind == "function" for kind, _, _ in stack)
            kind = "function" if "(" in before and not inside and not SCOPE.search(before) else "other"
            if kind == "function" and MEMBER_INITIALISER.search(before):
                kind = "member initialiser"  # the x{1} of A() : x{1} {}: the head goes on behind it
            stack.append((kind, before, position))
        elif match.group() == "}" and stack:
            kind, before, start = stack.pop()
            if kind == "member initialiser":
                continue
            if kind == "function":
                name = re.search(r"([~\w:]+)\s*\(([^()]*)", before)
                label = name.group(1) if name else "?"
                if label in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
                    label = ".".join(part.strip() for part in name.group(2).split(","))
                first = line_of(code, start)
                yield label, first, line_of(code, position) - first + 1
        if not stack or stack[-1][0] != "member initialiser":
            head = match.end()


def functions_of(source):
    if source.is_cpp:
        yield from cpp_functions(source.text)
    elif source.path.endswith(".py"):
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def size_report(sources):
    files = sorted(((source.text.count("\n"), source.path) for source in sources
                    if source.path.endswith((".cc", ".h", ".py"))), reverse=True)
    functions = sorted(((lines, f"{source.path}:{line} {name}") for source in sources
                        for name, line, lines in functions_of(source)), reverse=True)
    long_ones = [entry for entry in functions if entry[0] > FUNCTION_REPORTED]
    yield f"{len(files)} files, median {files[len(files) // 2][0]} lines" if files else "no files"
    for lines, path in files:
        if lines > FILE_REPORTED:
            yield f"  {lines:4} lines  {path}"
    share = len(long_ones) / len(functions) if functions else 0
    yield f"{len(functions)} functions, {len(long_ones)} ({share:.1%}) over {FUNCTION_REPORTED} lines"
    for lines, name in long_ones:
        yield f"  {lines:4} lines  {name}"
    if share > FUNCTIONS_OVER_REPORTED:
        yield f"  more than {FUNCTIONS_OVER_REPORTED:.0%} are long"


def offences(sources):
    DOCUMENTS.clear()
    DOCUMENTS.update(source.name for source in sources if source.path.endswith(".md"))
    HEADERS.clear()
    HEADERS.update(source.path for source in sources if source.path.endswith(".h"))
    for source in sources:
        for rule in RULES:
            for line, message in rule(source):
                yield f"{source.path}:{line}: {rule.__name__}: {message}"


def main(arguments):
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent.parent
    sources = read_sources(root)
    found = list(offences(sources))
    print(*size_report(sources), sep="\n")
    print(*found, sep="\n")
    print(f"{len(sources)} files, {len(RULES)} rules, {len(found)} offences")
    return 1 if found or not sources else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
