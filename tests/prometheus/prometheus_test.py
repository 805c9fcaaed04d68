#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The metrics before judges that are not ours: prometheus_test.py CASE FETCH.

FETCH is a program that takes the words of exposition.cc: `FETCH FORM SAMPLES` writes an answer, `FETCH expected
SAMPLES` the percentiles that must come out. Cases: promtool (the text is what its linter wants), and a Prometheus
that scrapes each form and is then asked for percentiles: classic, openmetrics, native. Exit code 77 is a skip.
"""

import dataclasses
import http.server
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

SKIPPED = 77
SAMPLES = 2000
DEADLINE = 60  # seconds, for a start and a scrape that take two on an idle machine

TYPES = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
    "protobuf": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
}

# How far what Prometheus tells from native histograms may lie from what we tell, as ratios. Both find the same bucket
# [L, U], U = WIDTH * L. Prometheus tells some place in it, by the number of values in it that are below: linear
# interpolation up to 2.55, exponential from 3.0 on, both within the bounds. Our histogram tells the harmonic mean of the
# bounds: it lies less than AGREED from either. Where the least or the largest of all values lies in that very bucket we
# tell no more or less than that, which can be any place in it; Prometheus does not know the extremes.
WIDTH = 2 ** (1 / 32)
OF_MEAN = (1 + WIDTH) / (2 * WIDTH), (1 + WIDTH) / 2
OF_EXTREME = 1 / WIDTH, WIDTH
AGREED = 0.011
assert all(abs(bound - 1) < AGREED for bound in OF_MEAN)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def needs(program):
    found = shutil.which(program)
    if found is None:
        skip(f"there is no {program} in PATH")
    return found


def fetch(command, *words):
    return subprocess.run([command, *map(str, words)], check=True, capture_output=True, timeout=60).stdout


class Target(http.server.ThreadingHTTPServer):
    """Answers each scrape with one form; the first one is of an agent that has just begun."""

    def __init__(self, command, form):
        super().__init__(("127.0.0.1", 0), Handler)
        self.form = form
        self.answer = fetch(command, form, SAMPLES)
        self.accepted = []  # what was asked for
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802  # the name that the library calls
        self.server.accepted.append(self.headers.get("Accept", ""))
        self.send_response(200)
        self.send_header("Content-Type", TYPES[self.server.form])
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_):
        pass


CONFIG = """global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: wirestamp
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Prometheus:
    """The server on a port of the system's choice, with a directory of its own that goes with it."""

    def __init__(self, target, native):
        self.directory = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.directory.name)
        (path / "config.yml").write_text(CONFIG.format(port=target.server_address[1]))
        self.log = path / "log"
        words = [needs("prometheus"), f"--config.file={path}/config.yml", f"--storage.tsdb.path={path}/data",
                 "--web.listen-address=127.0.0.1:0"]
        if native:
            words.append("--enable-feature=native-histograms")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=path)
        self.end = time.monotonic() + DEADLINE
        self.url = None

    def __enter__(self):
        try:
            self.url = f"http://{self.until(self.listening, lambda: 'it does not listen')}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.directory.cleanup()

    def until(self, ask, what):
        """The first answer of `ask` that is not None; where none comes, `what()` and the log of the server."""
        while time.monotonic() < self.end:
            answer = ask()
            if answer is not None:
                return answer
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"prometheus: {what()}\n{self.log.read_text()}")

    def listening(self):
        match = re.search(r'msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)', self.log.read_text())
        return match.group(1) if match else None

    def query(self, expression):
        """The vector that is the answer now; None while the server cannot say."""
        where = f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(where, timeout=10) as answer:
                document = json.load(answer)
        except OSError:
            return None
        assert document["status"] == "success", document
        return document["data"]["result"]

    def vector(self, expression):
        """The same, waiting until there is one."""
        return self.until(lambda: self.query(expression) or None,
                          lambda: f"no answer to {expression}; up: {self.query('up')}, targets: {self.targets()}")

    def targets(self):
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/targets", timeout=10) as answer:
                return [target["lastError"] for target in json.load(answer)["data"]["activeTargets"]]
        except OSError as error:
            return error


@dataclasses.dataclass
class Percentile:
    metric: str
    session: str
    stamps: str
    share: float
    told: float  # seconds, by us
    mean: float  # seconds, of the bucket

    def allows(self, told):
        return within(told, self.mean, OF_MEAN) and within(told, self.told, OF_EXTREME)


def within(value, of, ratios):
    slack = abs(of) * 1e-9 + 0.6e-9  # doubles are rounded, and ours to nanoseconds
    least, most = sorted(of * ratio for ratio in ratios)
    return least - slack <= value <= most + slack


def percentiles(command):
    for line in fetch(command, "expected", SAMPLES).decode().splitlines():
        metric, session, stamps, ppm, told, mean, count = line.split()
        assert int(count) > 100, line
        yield Percentile(metric, session, stamps, int(ppm) / 1e6, int(told) / 1e9, int(mean) / 1e9)


def asked(server, expected, suffix):
    """What the server holds for each expected percentile, by one question for each share and metric."""
    answers = {}
    for one in expected:
        if (one.metric, one.share) not in answers:
            answers[one.metric, one.share] = {
                (series["metric"]["session"], series["metric"]["stamps"]): float(series["value"][1])
                for series in server.vector(f"histogram_quantile({one.share}, {one.metric}{suffix})")}
        yield one, answers[one.metric, one.share][one.session, one.stamps]


def check_native(server, expected):
    ratios = {True: [], False: []}
    for one, told in asked(server, expected, ""):
        assert one.allows(told), f"{one}: prometheus {told}"
        ratios[one.told == one.mean].append(told / one.told - 1)
    assert max(map(abs, ratios[True])) < AGREED
    for is_mean, (least, most) in (True, OF_MEAN), (False, OF_EXTREME):
        of_kind = ratios[is_mean]
        assert of_kind
        print(f"{len(of_kind)} percentiles {'inside' if is_mean else 'at an extreme'}: prometheus {min(of_kind):+.3%} to "
              f"{max(of_kind):+.3%} beside ours; bounds {least - 1:+.3%} and {most - 1:+.3%}")


def bounds_of(server, metric):
    found = {float(one["metric"]["le"]) for one in server.vector(f"{metric}_bucket")}
    return sorted(found)


def check_classic(server, expected):
    bounds = {metric: bounds_of(server, metric) for metric in {one.metric for one in expected}}
    ratios = []
    for one, told in asked(server, expected, "_bucket"):
        # Of the infinite bucket Prometheus tells its finite bound.
        upper = next(bound for bound in bounds[one.metric] if one.told <= bound)
        lower = max((bound for bound in bounds[one.metric] if bound < one.told), default=-math.inf)
        assert lower <= told <= upper, f"{one}: prometheus {told}, which is not in ({lower}, {upper}]"
        if 0 not in (lower, upper) and math.isfinite(lower):
            ratios.append(told / one.told)
    print(f"{len(expected)} percentiles in the same classic buckets as ours; beside zero none, prometheus tells "
          f"{min(ratios):.2f} to {max(ratios):.2f} of what we do")


def check_values(server):
    """Numbers and labels as they were served."""
    def one(expression):
        answer = server.vector(expression)
        assert len(answer) == 1, (expression, answer)
        return float(answer[0]["value"][1])

    assert one("count(wirestamp_up)") == 6
    assert one('wirestamp_probes_total{session="s0",outcome="lost",direction="forward"}') == 7
    odd = server.vector('wirestamp_session_info{session="quotes \\" and \\\\ and\\nlines"}')
    assert [one["metric"]["host"] for one in odd] == ["ünïcode\ufffd"], odd
    assert one("wirestamp_store_size_bytes") == 123456789012
    assert one('wirestamp_round_trip_time_seconds_count{session="zeros"}'
               if server.classic else 'histogram_count(wirestamp_round_trip_time_seconds{session="zeros"})') == 1
    scraped = one("scrape_samples_scraped")
    print(f"{scraped:.0f} series of 6 sessions in one scrape")


def scrape(command, form, native):
    needs("prometheus")
    target = Target(command, form)
    expected = list(percentiles(command))
    with Prometheus(target, native) as server:
        server.classic = not native
        server.vector("wirestamp_build_info")
        check_values(server)
        (check_native if native else check_classic)(server, expected)
        asked_for = target.accepted[0]
        assert TYPES[form].partition(";")[0] in asked_for, f"prometheus did not ask for {form}: {asked_for}"
    target.shutdown()


def promtool(command):
    program = needs("promtool")
    done = subprocess.run([program, "check", "metrics"], input=fetch(command, "text", SAMPLES), capture_output=True, timeout=60)
    told = (done.stdout + done.stderr).decode()
    assert done.returncode == 0 and not told, f"promtool, exit code {done.returncode}:\n{told}"
    # It sees what is wrong, or its silence means nothing.
    broken = subprocess.run([program, "check", "metrics"], input=b"# TYPE a_count gauge\na_count 1\n", capture_output=True, timeout=60)
    assert broken.returncode != 0
    print("promtool has nothing to say")


CASES = {
    "promtool": promtool,
    "classic": lambda command: scrape(command, "text", native=False),
    "openmetrics": lambda command: scrape(command, "openmetrics", native=False),
    "native": lambda command: scrape(command, "protobuf", native=True),
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in CASES:
        sys.exit(f"usage: prometheus_test.py {'|'.join(CASES)} FETCH")
    CASES[sys.argv[1]](sys.argv[2])
