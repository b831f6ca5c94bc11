"""ONNX's test cases for single operators, by the layers, activations and losses that express them.

They come with the package onnx, whose figures are NumPy's and PyTorch's. What cannot be expressed stands below with its
reason, and is seen to fail: a case that begins to pass must leave the table.
"""

from collections.abc import Iterator
from fnmatch import fnmatch

import numpy as np
import pytest
from onnx_nodes import OPERATORS, Node, generated, stored

from numpycnn.files.onnx.reading import from_onnx

pytest.importorskip("onnx")

VOLUMES = "windows slide over two axes, not over three"
DILATED = "Keras's pools have no dilation"
BORDERS = "borders of pools, where they do not count, are those of 'same'"
BEFORE = "of an odd number of pixels in the borders the larger part is behind"
MASKS = "masks are drawn by another generator"
CONSTANT = "ZeroPadding2D pads with a constant"
SIZES = "UpSampling2D enlarges by whole factors"
POSITIONS = "UpSampling2D takes pixels for areas, as half_pixel does"
DTYPES = "arrays are float32 or float64"
FORMATS = "arrays are NumPy's, which has no such numbers"
EMPTY = "an example has numbers in it"
SEQUENCES = "a layer's input is an array, not a sequence of them or an option"

NOT_EXPRESSIBLE: dict[str, dict[str, str]] = {
    "AveragePool": {
        "test_averagepool_3d_*": VOLUMES,
        "test_AvgPool3d*": VOLUMES,
        "test_averagepool_2d_dilations": DILATED,
        "test_averagepool_2d_pads": BORDERS,
        "test_averagepool_2d_same_lower": BEFORE,
    },
    "Cast": {
        "test_cast_*_to_FLOAT16": DTYPES,
        "test_cast_*_to_BFLOAT16": DTYPES,
        "test_cast_*_to_FLOAT4*": DTYPES,
        "test_cast_*_to_FLOAT8*": DTYPES,
        "test_cast_*_to_*INT?": DTYPES,
        "test_cast_BFLOAT16_to_FLOAT": FORMATS,
        "test_cast_FLOAT4*_to_FLOAT": FORMATS,
        "test_cast_FLOAT8E4*_to_FLOAT": FORMATS,
        "test_cast_FLOAT8E5M2FNUZ_to_FLOAT": FORMATS,
        "test_cast_e8m0_FLOAT8E8M0_to_FLOAT": FORMATS,
        "test_cast_*INT?_to_FLOAT": FORMATS,
    },
    "Celu": {"test_celu_bfloat16": DTYPES},
    "Conv": {"test_Conv3d*": VOLUMES},
    "ConvTranspose": {
        "test_convtranspose_3d": VOLUMES,
        "test_convtranspose_group_2*": "Keras's Conv2DTranspose has no groups",
    },
    "Div": {"test_div_*int*": "a quotient of whole numbers is cut off to a whole number"},
    "Dropout": {
        "test_training_dropout": MASKS,
        "test_training_dropout_mask": MASKS,
        "test_training_dropout_default*": MASKS,
    },
    "Gemm": {"test_gemm_default_matrix_bias": "Dense has one bias for all examples"},
    "Identity": {"test_identity_sequence": SEQUENCES, "test_identity_opt": SEQUENCES},
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
    "ReduceMax": {"test_reduce_max_empty_set*": EMPTY},
    "ReduceMin": {"test_reduce_min_empty_set": EMPTY},
    "ReduceSum": {"test_reduce_sum_empty_set*": EMPTY},
    "Reshape": {"test_reshape_allowzero_reordered": EMPTY},
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
    "Slice": {
        "test_slice_neg_steps": "no layer turns values round",
        "test_slice_start_out_of_bounds": EMPTY,
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


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_is_read_is_right(operator: str) -> None:
    """The same cases as files: whatever the importer takes predicts ONNX's figures, and it takes as many as it did.

    The others are no networks of one input, move the examples' axis, or stand in the table above.
    """
    module, _ = OPERATORS[operator]
    read = [case.name for case in generated(module, operator) if predictions_agree(case)]
    assert len(read) == READ.get(operator, 0)


def predictions_agree(case: Node) -> bool:
    """Whether a case can be read; raises AssertionError where it is then wrong."""
    if case.network is None:
        return False
    try:
        model = from_onnx(case.network)
    except (ValueError, TypeError):
        return False
    y, expected = model.predict(np.asarray(case.inputs[0]), verbose=0), np.asarray(case.outputs[0], float)
    assert y.shape == expected.shape, case.name
    np.testing.assert_allclose(y, expected, case.rtol, case.atol, err_msg=case.name)
    return True


READ = {
    "Add": 1,
    "AveragePool": 11,
    "BatchNormalization": 2,
    "Celu": 1,
    "Clip": 9,
    "Conv": 6,
    "ConvTranspose": 8,
    "DepthToSpace": 2,
    "Div": 1,
    "Dropout": 6,
    "Elu": 3,
    "Exp": 2,
    "Flatten": 3,
    "Gather": 2,
    "Gelu": 4,
    "Gemm": 8,
    "GlobalAveragePool": 2,
    "GlobalMaxPool": 2,
    "GroupNormalization": 2,
    "HardSigmoid": 3,
    "HardSwish": 1,
    "Identity": 1,
    "InstanceNormalization": 2,
    "LayerNormalization": 13,
    "LeakyRelu": 3,
    "LogSoftmax": 6,
    "MatMul": 2,
    "MaxPool": 10,
    "Mean": 1,
    "Mish": 1,
    "Mul": 1,
    "Neg": 2,
    "PRelu": 1,
    "Pad": 3,
    "ReduceMax": 6,
    "ReduceMean": 6,
    "Relu": 1,
    "Reshape": 6,
    "Resize": 4,
    "Selu": 3,
    "Shrink": 2,
    "Sigmoid": 2,
    "Slice": 5,
    "Softmax": 6,
    "Softplus": 2,
    "Softsign": 2,
    "SpaceToDepth": 4,
    "Squeeze": 1,
    "Sub": 1,
    "Sum": 1,
    "Swish": 1,
    "Tanh": 2,
    "ThresholdedRelu": 3,
    "Transpose": 2,
    "Unsqueeze": 6,
}
"""By operator, how many cases are read as they are."""


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
