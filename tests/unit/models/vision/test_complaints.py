"""Standard error during decoding: complaints are heard, everybody else's lines survive."""

import os
import subprocess
import sys
import threading

import pytest

from models.errors import PhotoUnreadable
from models.vision.complaints import listen
from models.vision.decode import decode
from tests.unit.models.vision import pictures

COMPLAINT = b"Corrupt JPEG data: premature end of data segment\n"


def test_complaints_come_back_and_other_lines_pass_on(capfd):
    def work() -> int:
        os.write(2, COMPLAINT + b"said by another thread\n")
        return 7

    result, complaint = listen(work)
    assert result == 7
    assert complaint == COMPLAINT.decode()
    assert capfd.readouterr().err == "said by another thread\n"


def test_standard_error_comes_back_after_a_failure(capfd):
    with pytest.raises(ZeroDivisionError):
        listen(lambda: 1 // 0)
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_a_daemon_without_standard_error_still_hears_and_leaves_it_closed():
    code = """
import os
os.close(2)
from models.vision.complaints import listen
print(listen(lambda: os.write(2, b"libpng error: no\\n")))
try:
    os.fstat(2)
except OSError:
    print("closed")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(17, 'libpng error: no\\n')\nclosed\n"


def test_many_threads_decode_and_lose_nobodys_line(capfd):
    whole = pictures.jpeg()
    cut = whole[: len(whole) // 2] + b"\xff\xd9"
    refusals = []

    def work(number: int) -> None:
        for _ in range(20):
            assert decode(whole).bgr.shape == (240, 320, 3)
            try:
                decode(cut)
            except PhotoUnreadable:
                refusals.append(number)
            os.write(2, b"log line\n")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 80
    assert capfd.readouterr().err == "log line\n" * 80
