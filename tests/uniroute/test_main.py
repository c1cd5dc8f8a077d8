"""python -m uniroute: commands, and what it says of those that are not installed."""

import sys

import pytest

from uniroute.__main__ import COMMANDS, main


def test_help_lists_the_commands(capsys):
    assert main([]) == main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(command in told for command in COMMANDS)


def test_an_unknown_command(capsys):
    assert main(["route"]) == 2
    assert "COMMAND must be one of report, serve; got 'route'" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_extra_is_not_installed(command, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, f"uniroute.{command}.__main__", None)
    assert main([command]) == 1
    assert f'pip install "uniroute[{command}]"' in capsys.readouterr().err


def test_arguments_go_to_the_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["serve", "--help"])
    assert end.value.code == 0
    assert "--config" in capsys.readouterr().out


def test_serve_tells_what_is_wrong_with_its_files(tmp_path, capsys):
    (tmp_path / "models.yaml").write_text("models: {}")
    config = str(tmp_path / "models.yaml")
    assert main(["serve", str(tmp_path / "router.uniroute"), "--config", config]) == 1
    assert "models must have an entry" in capsys.readouterr().err
