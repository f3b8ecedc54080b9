"""A command to which each value is given once: by an option, or in --set FIELD=VALUE."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperCommand


class Once(TyperCommand):
    """A command that does not choose between two values for the same thing.

    An option that says a field of `TrainConfig` has its name, so that --set finds it.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does; ValueError where a value is given again."""
        values, _, given = self.make_parser(ctx).parse_args(list(args))
        named = [param.name for param in given if param.name != "set_"]
        named += [setting.partition("=")[0] for setting in values.get("set_") or ()]
        for name, times in Counter(named).items():
            if times > 1:
                raise ValueError(f"{name} is given {times} times: must be given once")
        return super().parse_args(ctx, args)
