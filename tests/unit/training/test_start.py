"""A station's or a server's environment has the command, but not what it stands on."""

import subprocess
import sys

RUN = "import sys; sys.modules[{missing!r}] = None; from training.start import main; main()"


def test_a_missing_extra_is_one_line_and_exit_2():
    for missing in ("sklearn", "cv2"):
        told = subprocess.run(
            [sys.executable, "-c", RUN.format(missing=missing)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 2
        assert told.stderr.count("\n") == 1
        assert f"{missing} is not installed" in told.stderr
        assert "training" in told.stderr


def test_with_everything_there_the_commands_answer():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv = ['x', '--help']; from training.start import main; main()",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0
    assert "evaluate" in told.stdout
