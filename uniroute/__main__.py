"""``python -m uniroute COMMAND ...``: the programs of the package's rooms.

Each is an extra of its own, since the routers need none of what it imports.
"""

import sys
from importlib import import_module

__all__ = []

COMMANDS = {
    "report": "a page on whether routing helps, from a table of your own",
    "serve": "a gateway in front of endpoints that speak OpenAI's form",
}


def main(argv=None):
    """Run a command with its arguments and return its exit status."""
    command, *arguments = (sys.argv[1:] if argv is None else list(argv)) or ["--help"]
    if command in ("-h", "--help"):
        print("usage: python -m uniroute COMMAND ...\n")
        print("\n".join(f"  {name:8} {text}" for name, text in COMMANDS.items()))
        return 0
    if command not in COMMANDS:
        print(f"COMMAND must be one of {', '.join(COMMANDS)}; got {command!r}", file=sys.stderr)
        return 2
    try:
        room = import_module(f"uniroute.{command}.__main__")
    except ModuleNotFoundError as error:
        print(
            f"python -m uniroute {command} needs {error.name}, which is not installed: "
            f'pip install "uniroute[{command}]"',
            file=sys.stderr,
        )
        return 1
    return room.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
