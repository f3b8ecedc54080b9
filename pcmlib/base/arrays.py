"""Views into flat arrays, for kernels: what NumPy's slice and reshape do, in a few instructions.

Numba's own reshape calls a function that no browser has, and takes long to compile.
"""

from __future__ import annotations

from numba.core import cgutils, types
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array


@intrinsic
def part(typing_context, array, first, shape):
    """part(array, first, shape): the numbers of a contiguous array from `first` on, in this shape.

    It is a view. Nothing checks that the numbers are there.
    """
    result = types.Array(array.dtype, len(shape), "C")

    def build(context, builder, signature, args):
        source = make_array(signature.args[0])(context, builder, args[0])
        lengths = cgutils.unpack_tuple(builder, args[2], len(shape))
        strides = [source.itemsize]
        for length in reversed(lengths[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        view = make_array(result)(context, builder)
        populate_array(
            view, data=builder.gep(source.data, [args[1]]), shape=lengths, strides=strides,
            itemsize=source.itemsize, meminfo=source.meminfo, parent=source.parent,
        )  # fmt: skip
        return impl_ret_borrowed(context, builder, result, view._getvalue())

    return result(array, types.intp, types.UniTuple(types.intp, len(shape))), build
