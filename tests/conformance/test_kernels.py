"""What torch's table of operators is read as, for the torch that is installed."""

from __future__ import annotations

import pytest
import torch

from ganzoo.conformance import kernels


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("add.out", True),  # its own entry says so
        ("add.Tensor", True),  # add.out does its work
        ("_fused_adam_", True),
        ("square", True),  # nothing is said, so it is made of others
        ("zeros", True),  # made of others
        ("_foreach_lerp_.Scalar", True),  # made of others, but for CUDA
        ("empty_like.out", True),  # generated beside another
        ("rrelu_with_noise", False),
        ("rrelu_with_noise_functional", False),  # generated beside that
        ("linalg_lu_solve", False),  # linalg_lu_solve.out does its work, on CPUs and CUDA
        ("_fused_adagrad_.no_such_overload", None),
    ],
)
def test_an_operator_has_a_kernel_or_not(name: str, runs: bool | None) -> None:
    assert kernels.of_mps().get(f"aten::{name}") is runs


def test_the_table_knows_what_this_torch_has() -> None:
    registered = set(torch._C._dispatch_get_all_op_names())
    known = kernels.of_mps()
    ours = {name for name in registered if name.startswith("aten::")}
    assert len(ours) > 2000
    assert len(ours & known.keys()) > 0.99 * len(ours)
