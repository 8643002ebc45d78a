"""Runs the blocks of a page in one shell and compares what a page shows with what came."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from tests.docs.documents import PYTHON, Block

LIMIT_S = 100
_END = "end"
_BEGIN = re.compile(r"^@@ block \w+ @@\n", re.MULTILINE)


def run_blocks(blocks: Sequence[Block], *, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Run the blocks in order and return each one's output, stdout and stderr together.

    A ``sh`` or ``python`` block must succeed; a ``console`` block shows a session, in which commands may fail.
    """
    script = folder.with_name("page.sh")
    script.write_text("\n".join([*_parts(blocks, folder.with_name("python")), f"echo '{_begin(_END)}'", ""]))
    process = subprocess.Popen(
        ["bash", str(script)],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\n(killed after {LIMIT_S} s)"
    outputs = _BEGIN.split(output)[1:]
    assert len(outputs) == len(blocks) + 1, f"{blocks[len(outputs) - 1]} failed with status {process.returncode}:\n{outputs[-1]}"
    return outputs[:-1]


def missing_line(block: Block, output: str) -> str | None:
    """Return the first line that the page shows and the output lacks; ``…`` stands for anything, lines may be left out."""
    came = iter(output.splitlines())
    for line in block.text.splitlines():
        if line.startswith("$ ") or line.strip() in {"", "…"}:
            continue
        pattern = ".*".join(re.escape(part) for part in re.split(r" ?… ?", _spaced_once(line)))
        if not any(re.fullmatch(pattern, _spaced_once(candidate)) for candidate in came):
            return line
    return None


def _spaced_once(line: str) -> str:
    return re.sub(r"\s+", " ", line.strip())


def _begin(block: int | str) -> str:
    return f"@@ block {block} @@"


def _parts(blocks: Sequence[Block], modules: Path) -> list[str]:
    """Return pieces of shell; Python blocks in a row become one module, so that later ones see the names of earlier ones."""
    modules.mkdir(exist_ok=True)
    numbered = list(enumerate(blocks))
    parts = []
    for is_python, group in groupby(numbered, key=lambda pair: pair[1].language == PYTHON and pair[1].file is None):
        if not is_python:
            parts += [_shell_part(number, block) for number, block in group]
            continue
        run = list(group)
        module = modules / f"block{run[0][0]}.py"
        module.write_text("\n".join(f"print({_begin(number)!r}, flush=True)\n{block.text}" for number, block in run) + "\n")
        parts.append(f"python {module} || exit $?")
    return parts


def _shell_part(number: int, block: Block) -> str:
    begin = f"echo '{_begin(number)}'"
    if block.file is not None:
        return (
            f"{begin}\nmkdir -p \"$(dirname '{block.file}')\"\ncat > '{block.file}' <<'@@ end of file @@'\n{block.text}\n@@ end of file @@"
        )
    if block.language == "console":
        commands = "\n".join(line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ "))
        return f"{begin}\n{commands}"
    return f"{begin}\nset -e\n{block.text}\nset +e"
