"""ONNX's test cases for single operators, by the layers, activations and losses that express them.

They come with the package onnx, whose figures are NumPy's and PyTorch's. What cannot be expressed stands below with its
reason, and is seen to fail: a case that begins to pass must leave the table.
"""

from collections.abc import Iterator
from fnmatch import fnmatch

import numpy as np
import pytest
from onnx_nodes import OPERATORS, Node, generated, stored

pytest.importorskip("onnx")

VOLUMES = "windows slide over two axes, not over three"
DILATED = "Keras's pools have no dilation"
BORDERS = "borders of pools, where they do not count, are those of 'same'"
BEFORE = "of an odd number of pixels in the borders the larger part is behind"
EQUAL = "Branches adds equal shapes"
MASKS = "masks are drawn by another generator"
CONSTANT = "ZeroPadding2D pads with a constant"
SIZES = "UpSampling2D enlarges by whole factors"
POSITIONS = "UpSampling2D takes pixels for areas, as half_pixel does"

NOT_EXPRESSIBLE: dict[str, dict[str, str]] = {
    "Add": {"test_add_bcast": EQUAL, "test_operator_add_*": EQUAL},
    "AveragePool": {
        "test_averagepool_3d_*": VOLUMES,
        "test_AvgPool3d*": VOLUMES,
        "test_averagepool_2d_dilations": DILATED,
        "test_averagepool_2d_pads": BORDERS,
        "test_averagepool_2d_same_lower": BEFORE,
    },
    "Celu": {"test_celu_bfloat16": "arrays are float32 or float64"},
    "Conv": {"test_Conv3d*": VOLUMES},
    "ConvTranspose": {
        "test_convtranspose_3d": VOLUMES,
        "test_convtranspose_group_2*": "Keras's Conv2DTranspose has no groups",
    },
    "Dropout": {
        "test_training_dropout": MASKS,
        "test_training_dropout_mask": MASKS,
        "test_training_dropout_default*": MASKS,
    },
    "Gemm": {"test_gemm_default_matrix_bias": "Dense has one bias for all examples"},
    "MaxPool": {
        "test_maxpool_3d_*": VOLUMES,
        "test_MaxPool3d*": VOLUMES,
        "test_maxpool_2d_dilations": DILATED,
        "test_MaxPool?d_stride_padding_dilation": DILATED,
        "test_maxpool_2d_pads": BORDERS,
        "test_maxpool_2d_same_lower": BEFORE,
    },
    "Pad": {
        "test_edge_pad": CONSTANT,
        "test_reflect_pad": CONSTANT,
        "test_wrap_pad": CONSTANT,
        "test_ReflectionPad2d": CONSTANT,
        "test_ReplicationPad2d": CONSTANT,
        "test_operator_pad": CONSTANT,
    },
    "Reshape": {"test_reshape_allowzero_reordered": "an example has numbers in it"},
    "Resize": {
        "test_resize_downsample_*": SIZES,
        "test_resize_upsample_*_cubic*": "UpSampling2D is nearest or bilinear",
        "test_resize_*_align_corners": POSITIONS,
        "test_resize_upsample_sizes_nearest": SIZES,
        "test_resize_upsample_sizes_nearest_axes_*": SIZES,
        "test_resize_upsample_sizes_nearest_not_larger": SIZES,
        "test_resize_upsample_sizes_nearest_*_asymmetric": POSITIONS,
        "test_resize_upsample_sizes_nearest_ceil_half_pixel": POSITIONS,
        "test_resize_upsample_scales_linear_half_pixel_symmetric": SIZES,
        "test_resize_tf_crop_and_resize*": SIZES,
    },
}
"""By operator, the names of cases that no layer computes, and why.

Of two operators' cases none can be expressed, though one might think so: NegativeLogLikelihoodLoss is given numbers that
are no logarithms of probabilities, which the cross-entropies would divide by their sum; RMSNormalization divides by the
root of the mean square, LayerNormalization(rms_scaling=True), as in Keras 3, by the standard deviation.
"""


@pytest.mark.parametrize("operator", OPERATORS)
def test_node_cases(operator: str) -> None:
    """All of an operator's cases in one test: they are generated together, and that takes longer than running them."""
    module, _ = OPERATORS[operator]
    cases, table = [*generated(module, operator), *stored(operator)], NOT_EXPRESSIBLE.get(operator, {})
    wrong = {case.name: found for case in cases for found in mistakes(operator, case)}
    excluded = {pattern: [case.name for case in cases if fnmatch(case.name, pattern)] for pattern in table}
    assert cases
    assert {name: found for name, found in wrong.items() if not any(fnmatch(name, pattern) for pattern in table)} == {}
    for pattern, names in excluded.items():
        assert names, f"no case is named {pattern}"
        assert [name for name in names if name not in wrong] == []


def mistakes(operator: str, case: Node) -> Iterator[str]:
    """What is wrong with the outputs, within ONNX's tolerances."""
    try:
        ys = OPERATORS[operator][1](case)
        for y, expected in zip(ys, case.outputs, strict=True):
            if y is not None:
                assert np.shape(y) == np.shape(expected)
                np.testing.assert_allclose(y, np.asarray(expected, float), case.rtol, case.atol)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        yield str(error)
