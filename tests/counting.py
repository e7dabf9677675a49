"""Work counted in instructions, for tests of how it grows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


def steps_of(work: Callable[..., object], *arguments: object, **named: object) -> int:
    """How many instructions of the package's own code run."""
    steps = 0

    def trace(frame: FrameType, event: str, _: object) -> Callable | None:
        nonlocal steps
        if "elite_code_dataset" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work(*arguments, **named)
    finally:
        sys.settrace(before)
    return steps
