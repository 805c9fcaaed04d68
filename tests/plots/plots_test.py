#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plots before a parser that is not ours: plots_test.py PICTURES, the program of pictures.cc.

Each file is well-formed, stands by itself, has all coordinates within the picture and every class in its style sheet,
is small, and comes out the same a second time. Where rsvg-convert is installed, it draws each of them.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SVG = "{http://www.w3.org/2000/svg}"
KNOWN = {"svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "text"}
NUMBER = r"-?\d+(?:\.\d)?"
LARGEST = 200_000  # octets


def make(program):
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([program, directory], check=True, timeout=100)
        return {path.name: path.read_bytes() for path in pathlib.Path(directory).iterdir()}


def points(data):
    """The corners of a path of M, L, H, V and Z, all absolute."""
    x = y = None
    end = 0
    for match in re.finditer(rf"([ML])({NUMBER}) ({NUMBER})|H({NUMBER})|V({NUMBER})|Z", data):
        assert match.start() == end, f"not understood: {data[end:end + 40]}"
        end = match.end()
        if match.group(1):
            x, y = float(match.group(2)), float(match.group(3))
        elif match.group(4):
            x = float(match.group(4))
        elif match.group(5):
            y = float(match.group(5))
        yield x, y
    assert end == len(data), f"not understood: {data[end:end + 40]}"


def corners(element):
    name = element.tag.removeprefix(SVG)
    if name == "path":
        yield from points(element.get("d"))
    elif name == "rect":
        x, y, width, height = (float(element.get(key)) for key in ("x", "y", "width", "height"))
        assert width >= 0 and height >= 0, element.attrib
        yield from ((x, y), (x + width, y + height))
    elif name == "text":
        yield float(element.get("x")), float(element.get("y"))


def check(name, octets):
    assert len(octets) < LARGEST, f"{name}: {len(octets)} octets"
    root = xml.etree.ElementTree.fromstring(octets)
    assert root.tag == SVG + "svg" and root.find(SVG + "title").text, name
    width, height = float(root.get("width")), float(root.get("height"))
    styles = set(re.findall(r"\.(wsp[\w-]*)", root.find(SVG + "style").text))
    corner_count = 0
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in KNOWN, f"{name}: {element.tag}"
        assert not any("href" in key or key.startswith("on") for key in element.attrib), f"{name}: {element.attrib}"
        assert set((element.get("class") or "").split()) <= styles, f"{name}: {element.get('class')}"
        for x, y in corners(element):
            corner_count += 1
            assert -0.1 <= x <= width + 0.1 and -0.1 <= y <= height + 0.1, f"{name}: {x} {y} in {element.attrib}"
    assert corner_count > 10, name
    text = octets.decode()
    assert "url(" not in re.sub(r"url\(#", "", text) and "@import" not in text, name


def draw(pictures):
    program = shutil.which("rsvg-convert")
    if program is None:
        return "rsvg-convert is not installed"
    for name, octets in pictures.items():
        done = subprocess.run([program], input=octets, capture_output=True, timeout=60)
        assert done.returncode == 0 and done.stdout.startswith(b"\x89PNG") and not done.stderr, (name, done.stderr)
    return "rsvg-convert draws each"


def main(program):
    pictures = make(program)
    assert len(pictures) >= 15, sorted(pictures)
    for name, octets in pictures.items():
        check(name, octets)
    assert make(program) == pictures, "the second time they differ"
    print(f"{len(pictures)} pictures of up to {max(map(len, pictures.values()))} octets; {draw(pictures)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: plots_test.py PICTURES")
    main(sys.argv[1])
