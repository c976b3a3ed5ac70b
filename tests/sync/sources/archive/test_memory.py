import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sync.sources.archive.builders import FACEBOOK, OWN, message, thread, write_zip

# Read in a process of its own, whose high-water mark is nobody else's. VmHWM is in KiB.
READ = """
import json, re, sys
from pathlib import Path
from hirocrm.sync.sources.archive import inspect_archive, read_archive

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

before = peak()
estimate = inspect_archive(sys.argv[1]).messages_estimate
count = sum(len(one.messages) for one in read_archive(sys.argv[1]))
print(json.dumps({"count": count, "estimate": estimate, "mib": peak() - before}))
"""


def part(person, first, count):
    lines = [
        message(person if at % 2 else OWN, f"Línea {at} مرحبا 🎉, ¿cuánto?", at=at)
        for at in range(first, first + count)
    ]
    return thread(person, lines)


def in_many_threads():
    for n in range(1_000):
        yield f"{FACEBOOK}/inbox/p_{10**9 + n}/message_1.json", part(f"P {n}", 0, 100)


def in_one_thread():
    for n in range(10):
        yield (
            f"{FACEBOOK}/inbox/p_1234567890/message_{10 - n}.json",
            part("P 1", n * 10_000, 10_000),
        )


def in_one_part():
    yield f"{FACEBOOK}/inbox/p_1234567890/message_1.json", part("P 1", 0, 100_000)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured by /proc")
class TestMemory:
    @pytest.mark.parametrize(
        ("parts", "bound_mib"), [(in_many_threads, 16), (in_one_thread, 24), (in_one_part, 120)]
    )
    def test_stays_flat_over_a_hundred_thousand_messages(self, tmp_path, parts, bound_mib):
        path = write_zip(tmp_path / "large.zip", parts())

        answer = subprocess.run(
            [sys.executable, "-c", READ, path], check=True, capture_output=True, text=True
        )

        found = json.loads(answer.stdout)
        assert found["count"] == 100_000
        assert abs(found["estimate"] - 100_000) < 10_000
        assert found["mib"] < bound_mib
