"""Standard error during decoding: complaints are heard, everybody else's lines survive."""

import os
import subprocess
import sys

import pytest

from models.vision.complaints import listen


def test_complaints_come_back_and_other_lines_pass_on(capfd):
    def work() -> int:
        os.write(2, b"Corrupt JPEG data: premature end of data segment\nsaid by another thread\n")
        return 7

    result, complaint = listen(work)
    assert result == 7
    assert complaint == "Corrupt JPEG data: premature end of data segment\n"
    assert capfd.readouterr().err == "said by another thread\n"


def test_standard_error_comes_back_after_a_failure(capfd):
    with pytest.raises(ZeroDivisionError):
        listen(lambda: 1 // 0)
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_a_daemon_without_standard_error_can_decode():
    code = "import os; os.close(2); from models.vision.complaints import listen; print(listen(int))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, '')\n"
