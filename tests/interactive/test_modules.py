"""The JavaScript of the interactive figures, tested by node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="no node to run JavaScript with")
def test_modules():
    path = Path(__file__).with_name("modules.test.mjs")
    found = subprocess.run([NODE, "--test", str(path)], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
