# SPDX-License-Identifier: Apache-2.0
"""The truth rig: network namespaces joined by veth pairs, built without privilege where the system allows.

    sender ns                 middle ns                  reflector ns
    10.77.0.1  s0 --------- left  (link emulator)  right --------- r0  10.77.0.2
    fd77::1                                                            fd77::2

Without an emulator the two ends are joined directly. Only the fixture has rights, and only inside its own
user namespace; the program under test runs with every capability set empty and no_new_privs, which is read
back from /proc, because a new user namespace gives full capabilities and then nothing would be proved.
"""

import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SENDER_V4, REFLECTOR_V4 = "10.77.0.1", "10.77.0.2"
SENDER_V6, REFLECTOR_V6 = "fd77::1", "fd77::2"
PORT = 23999
DEATHS_WE_SEND = (-signal.SIGTERM, -signal.SIGKILL)
SKIPPED = 77  # SKIP_RETURN_CODE of the ctest entries

DROP_RIGHTS = ["setpriv", "--pdeathsig", "KILL", "--bounding-set=-all", "--inh-caps=-all",
               "--ambient-caps=-all", "--no-new-privs"]
KEEP_RIGHTS = ["setpriv", "--pdeathsig", "KILL"]

HOW_TO_PERMIT = """the rig could not be built: neither in a user namespace nor as root.
Any one of these permits it:
  - as root:   sysctl -w user.max_user_namespaces=10000     (when it is 0)
  - Debian:    sysctl -w kernel.unprivileged_userns_clone=1 (when it exists and is 0)
  - Ubuntu:    sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
  - or run the tests as root, outside of a container without CAP_SYS_ADMIN and CAP_NET_ADMIN
Needed programs: unshare, nsenter, setpriv (util-linux), ip (iproute2), mount.
To run everything else: WIRESTAMP_NO_RIG=1 (the rig tests then count as skipped)."""


class Failure(Exception):
    """The program under test is not what it should be."""


class Skipped(Exception):
    """This system cannot show what the case wants to see; the text says what is missing."""


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(str(part) for part in what))


def check_equal(found, wanted, what):
    check(found == wanted, f"{what}: found {found}, wanted {wanted}")


def answered(outcome):
    """In time or too late: of a slow end, not of a network that loses."""
    return outcome in ("delivered", "late")


def check_in_time(starved, probes):
    """What a busy machine sends too late it does not send. Of too few probes nothing is proved, for or against."""
    if starved > probes / 2:
        raise Skipped(f"the machine was too busy: {starved} of {probes} probes were not sent in time")


def in_time(measured):
    """The probes without those that a busy machine did not send in time."""
    found = [probe for probe in measured.probes if probe["outcome"] != "late_schedule"]
    check_in_time(len(measured.probes) - len(found), len(measured.probes))
    return found


def outcomes_of(probes):
    return dict(collections.Counter(
        probe["outcome"] if probe["outcome"] != "unsent" else f"unsent:{probe['cause']}" for probe in probes))


def kernel_stamps_wanted(place, answered):
    """How many of so many answered probes have at least that stamp of the kernel. When a reply truly left travels in
    later ones, where it is told before these leave: on a busy machine not for all. The others come with the probe."""
    return answered // 2 if place == "reflector_tx" else answered


def check_kernel_stamps(summary, answered):
    for place, told in summary["stamps"].items():
        kernel = told["counts"].get("kernel", 0)
        check(kernel_stamps_wanted(place, answered) <= kernel <= answered,
              f"kernel stamps {place}: {kernel} of {answered}")


def check_delivered(measured, probes, what="outcomes"):
    return check_all(measured, "delivered", probes, what)


def check_all(measured, outcome, probes, what="outcomes"):
    """That outcome of all that were sent in time; returns how many these are."""
    check_equal(len(measured.probes), probes, f"{what}: lines")
    sent = in_time(measured)
    check_equal(outcomes_of(sent), {outcome: len(sent)}, what)
    return len(sent)


def program():
    path = os.environ.get("WIRESTAMP_BIN", "")
    check(os.access(path, os.X_OK), f"WIRESTAMP_BIN={path!r} is no program: build the target wirestamp first")
    return path


def emulator_program():
    path = os.environ.get("WIRESTAMP_EMULATOR", "")
    check(os.access(path, os.X_OK), f"WIRESTAMP_EMULATOR={path!r} is no program: build the target link_emulator")
    return path


def built_beside_the_emulator(name):
    return str(pathlib.Path(emulator_program()).with_name(name))


def skip_if_told():
    if os.environ.get("WIRESTAMP_NO_RIG", "") not in ("", "0"):
        print("SKIPPED: WIRESTAMP_NO_RIG is set, the rig was not built")
        sys.exit(SKIPPED)


def enter(as_root=False):
    """Re-executes this script inside namespaces of its own, unless it is there already. A case that needs rights in
    the initial user namespace enters `as_root`, and is skipped where that is not possible."""
    skip_if_told()
    if os.environ.get("WIRESTAMP_RIG_INSIDE"):
        subprocess.run(["mount", "-t", "tmpfs", "rig", "/run"], check=True)
        return
    # The exit code of unshare proves nothing: a system may give a namespace without rights in it.
    probe = "mount -t tmpfs rig /run && ip link add probe0 type veth peer name probe1"
    reasons = []
    for unshare in (["unshare", "-mn"],) if as_root else (["unshare", "-Urmn"], ["unshare", "-mn"]):
        tried = subprocess.run(unshare + ["sh", "-c", probe], capture_output=True, text=True)
        if tried.returncode == 0:
            os.environ["WIRESTAMP_RIG_INSIDE"] = " ".join(unshare)
            os.execvp(unshare[0], unshare + ["/usr/bin/python3", *sys.argv])
        reasons.append(f"  {' '.join(unshare)}: {tried.stderr.strip()}")
    if as_root:
        print("SKIPPED: this case needs root, outside of a user namespace", *reasons, sep="\n")
        sys.exit(SKIPPED)
    print(HOW_TO_PERMIT, *reasons, sep="\n")
    sys.exit(1)


PATIENCE = 30  # seconds; for what takes a moment, on a machine that stands still for some


def poll_until(condition, seconds, what):
    """Waits for something that will happen; how long it takes is no result."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise Failure(f"{what}: not within {seconds} s")


def assert_powerless(pid):
    """Every capability set of the process is empty and it cannot gain any."""
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                  if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        check_equal(int(status[name], 16), 0, f"{name} of the program under test")
    check_equal(status["NoNewPrivs"], "1", "NoNewPrivs of the program under test")


class Process:
    """A program running in one of the namespaces; its output goes to files."""

    def __init__(self, rig, namespace, command, powerless, name, env=None, stdin=subprocess.DEVNULL, stdout=None):
        self.name = name
        self.out_path = rig.directory / f"{name}.out"
        self.err_path = rig.directory / f"{name}.err"
        rights = DROP_RIGHTS if powerless else KEEP_RIGHTS
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(rig.inside(namespace) + rights + command, stdin=stdin, stdout=stdout or out,
                                          stderr=err, env={**os.environ, **(env or {})})
        self.pid = self.popen.pid
        rig.processes.append(self)
        self.executable = os.path.realpath(command[0])
        poll_until(lambda: self.popen.poll() is not None or self._is_program(), PATIENCE, f"{name} starts")
        if powerless and self.popen.poll() is None:
            self._assert_powerless_if_alive()

    def _is_program(self):
        try:
            return os.path.realpath(f"/proc/{self.pid}/exe") == self.executable
        except OSError:
            return False

    def _assert_powerless_if_alive(self):
        try:
            assert_powerless(self.pid)
        except (FileNotFoundError, ProcessLookupError, KeyError):
            check(self.popen.poll() is not None, f"cannot read the status of {self.name}")

    def out(self):
        return self.out_path.read_text()

    def err(self):
        return self.err_path.read_text()

    def wait(self, seconds):
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds} s\n{self.err()}") from None

    def stop(self, sig=signal.SIGTERM):
        if self.popen.poll() is None:
            self.popen.send_signal(sig)
        return self.wait(PATIENCE)


def json_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def lines_of(path):
    """How many lines are whole, in a file that somebody writes or will."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


class Measurement:
    """What one measurement said: `document` is that of --json, `probes` the lines of --jsonl."""

    def __init__(self, document, probes, code, err):
        self.document, self.probes, self.code, self.err = document, probes, code, err
        self.summary = document["summary"]

    def outcomes(self):
        return outcomes_of(self.probes)


class Network:
    """Namespaces, what joins them and the programs in them; which ones there are is up to the fixture."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="wirestamp-rig-"))
        self.namespaces = []
        self.processes = []
        self.runs = 0
        self.keep = False

    # --- the network

    def add_namespace(self, name):
        self.run(["ip", "netns", "add", name])
        self.namespaces.append(name)
        self.run_in(name, "ip", "link", "set", "lo", "up")

    def inside(self, namespace):
        # Not `ip netns exec`: it remounts /sys, which some sandboxes refuse.
        return ["nsenter", f"--net=/run/netns/{namespace}"]

    def run(self, command, **options):
        done = subprocess.run(command, capture_output=True, text=True, **options)
        check(done.returncode == 0, f"fixture: {' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def run_in(self, namespace, *command):
        return self.run(self.inside(namespace) + list(command))

    def ip(self, namespace, words):
        return self.run_in(namespace, "ip", *words.split())

    def nft(self, namespace, rules):
        # Each statement and each closing brace wants a line of its own.
        return self.run(self.inside(namespace) + ["nft", "-f", "-"],
                        input=rules.replace(";", "\n").replace("}", "}\n") + "\n")

    def sysctl(self, namespace, path, value):
        self.run_in(namespace, "sh", "-c", f"echo {value} > /proc/sys/{path}")

    def join(self, first, first_device, second, second_device):
        self.run(["ip", "link", "add", first_device, "netns", first, "type", "veth",
                  "peer", "name", second_device, "netns", second])
        for namespace, device in ((first, first_device), (second, second_device)):
            self.run_in(namespace, emulator_program(), "--offloads-off", device)
            self.ip(namespace, f"link set {device} up")

    # --- the programs

    def record(self, namespace, device):
        """Starts the recorder on a device; returns it and the path of its log."""
        log = self.directory / f"recorder-{len(self.processes)}.jsonl"
        command = [built_beside_the_emulator("link_recorder"), "--device", device, "--port", str(PORT), "--log", str(log)]
        process = Process(self, namespace, command, False, f"recorder-{len(self.processes)}")
        poll_until(lambda: "ready" in process.out() or process.popen.poll() is not None, PATIENCE, "the recorder is ready")
        check(process.popen.poll() is None, f"the recorder ended: {process.err()}")
        return process, log

    def reflect(self, *flags, namespace="reflector", listen=None, env=None, wait=True, stdout=None):
        command = [program(), "reflect"]
        for address in listen or [f"{REFLECTOR_V4}:{PORT}", f"[{REFLECTOR_V6}]:{PORT}"]:
            command += ["--listen", address]
        process = Process(self, namespace, command + list(flags), True, f"reflect-{len(self.processes)}", env, stdout=stdout)
        if wait:
            self.wait_for_reflect(process)
        return process

    @staticmethod
    def wait_for_reflect(process, places=1):
        """Until it says that it listens: then all ports are open, and signals are what they should be."""
        poll_until(lambda: process.popen.poll() is not None or process.out().count("listening on") >= places, PATIENCE,
                   f"{process.name} listens")
        check(process.popen.poll() is None, f"{process.name} ended: {process.err()}{process.out()}")

    @staticmethod
    def listens(pid, port=PORT):
        for table in ("udp", "udp6"):
            for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                if int(line.split()[1].rpartition(":")[2], 16) == port:
                    return True
        return False

    def start_ping(self, *flags, target=f"{REFLECTOR_V4}:{PORT}", namespace="sender", env=None):
        self.runs += 1
        jsonl = self.directory / f"ping-{self.runs}.jsonl"
        command = [program(), "ping", target, "--json", "--jsonl", str(jsonl), *flags]
        return Process(self, namespace, command, True, f"ping-{self.runs}", env), jsonl

    @staticmethod
    def wait_for_probes(started, count=1):
        """Until the run told what became of so many: from then on it hears signals and sees files that change."""
        process, jsonl = started
        poll_until(lambda: process.popen.poll() is not None or lines_of(jsonl) >= count, 20,
                   f"{count} probes of {process.name}")
        check(process.popen.poll() is None, f"{process.name} ended: {process.err()}")

    def finish_ping(self, started, seconds=60):
        document, probes, code, err = self._finish(started, seconds)
        return Measurement(document, probes, code, err)

    def finish_several(self, started, seconds=60):
        """One run that measured by several devices or in several namespaces."""
        document, probes, code, err = self._finish(started, seconds)
        found = [Measurement(one, [probe for probe in probes if probe["session"] == one["session"]], code, err)
                 for one in document["measurements"]]
        check_equal(sum(len(one.probes) for one in found), len(probes), "lines that belong to one of the measurements")
        return found

    @staticmethod
    def _finish(started, seconds):
        process, jsonl = started
        code = process.wait(seconds)
        check(process.out(), f"ping printed no document (exit code {code})\n{process.err()}")
        return json.loads(process.out()), json_lines(jsonl), code, process.err()

    def ping(self, *flags, seconds=60, **options):
        return self.finish_ping(self.start_ping(*flags, **options), seconds)

    # --- the end

    def close(self):
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.kill()
                process.popen.wait()
        if self.keep:
            print(f"files of the failed run: {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.keep = kind not in (None, Skipped, KeyboardInterrupt, SystemExit)
        try:
            if kind is None:
                self.check_ends()
        except Failure:
            self.keep = True
            raise
        finally:
            self.tear_down()

    def check_ends(self):
        """No program died of a signal, and each that still runs ends when it is asked to."""
        for process in self.processes:
            code = process.stop()
            check(code >= 0 or code in DEATHS_WE_SEND, f"{process.name} died of signal {-code}")

    def tear_down(self):
        if self.keep:
            for process in self.processes:
                if process.err().strip():
                    print(f"--- {process.name} said:\n{process.err()[-2000:]}")
        self.close()
        for namespace in self.namespaces:
            if os.path.exists(f"/run/netns/{namespace}"):
                subprocess.run(["ip", "netns", "del", namespace], check=False)


class Rig(Network):
    """Sender and reflector, with the link emulator between them or joined directly."""

    def __init__(self, emulated=True):
        super().__init__()
        for namespace in ("sender", "reflector") + (("middle",) if emulated else ()):
            self.add_namespace(namespace)
        if emulated:
            self._disable_ipv6("middle")
            self.join("sender", "s0", "middle", "left")
            self.join("middle", "right", "reflector", "r0")
        else:
            self.join("sender", "s0", "reflector", "r0")
        self.number()

    def number(self):
        """Gives both ends their addresses."""
        self._address("sender", "s0", SENDER_V4, SENDER_V6)
        self._address("reflector", "r0", REFLECTOR_V4, REFLECTOR_V6)

    def _disable_ipv6(self, namespace):
        for scope in ("all", "default"):
            self.sysctl(namespace, f"net/ipv6/conf/{scope}/disable_ipv6", 1)

    def _address(self, namespace, device, v4, v6):
        self.ip(namespace, f"addr add {v4}/24 dev {device}")
        self.ip(namespace, f"addr add {v6}/64 dev {device} nodad")

    def emulate(self, *flags, seed=1, scenario=None):
        """Starts the link emulator; returns it and the path of its log."""
        log = self.directory / f"emulator-{len(self.processes)}.jsonl"
        command = [emulator_program(), "--left", "left", "--right", "right", "--port", str(PORT), "--log", str(log)]
        if scenario:
            command += ["--scenario", str(scenario)]
        command += ["--seed", str(seed), *flags]
        process = Process(self, "middle", command, False, f"emulator-{len(self.processes)}")
        poll_until(lambda: "ready" in process.out() or process.popen.poll() is not None, PATIENCE, "the emulator is ready")
        check(process.popen.poll() is None, f"the emulator ended: {process.err()}")
        return process, log
