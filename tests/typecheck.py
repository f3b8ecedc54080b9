"""The type checker of the tests: beartype, where an int may stand for a float.

jaxtyping's hook has every call bound and its shapes noted, which takes thirty times as long as the
check itself: only functions with shapes in their annotations get that.
"""

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import TypeCheckError, config

typecheck = beartype(conf=BeartypeConf(is_pep484_tower=True, violation_type=TypeCheckError))
_with_shapes = jaxtyping.jaxtyped


def enforced(thing: Any = None, *, typechecker: Callable) -> Any:
    """What the hook of jaxtyping decorates classes and functions with, in place of its own."""
    if thing is None:
        return functools.partial(enforced, typechecker=typechecker)
    if not isinstance(thing, FunctionType) or has_shapes(thing):
        return _with_shapes(thing, typechecker=typechecker)
    checked = typecheck(thing)

    @functools.wraps(thing)
    def called(*args, **kwargs):
        return (thing if config.jaxtyping_disable else checked)(*args, **kwargs)

    return called


def has_shapes(function: FunctionType) -> bool:
    """Whether an annotation is one of jaxtyping's, or is a name for one."""
    text = " ".join(map(str, function.__annotations__.values()))
    named = [function.__globals__.get(word) for word in re.findall(r"\w+", text)]
    return "jaxtyping" in f"{text} {named} {[getattr(x, '__module__', '') for x in named]}"


@contextmanager
def unchecked() -> Iterator[None]:
    """No annotation is enforced meanwhile, as for a reader, who may pass what he likes."""
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", False)
