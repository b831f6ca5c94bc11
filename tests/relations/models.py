"""Relations of whole networks: the same one in other words, and symmetries."""

import numpy as np
from cases import integers
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.activations import linear
from numpycnn.engine import training
from numpycnn.engine.fast import parts
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.one_axis import OneAxisBlock
from numpycnn.engine.fast.pooling import begin_pool
from numpycnn.layers import Activation, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from numpycnn.layers.chain import Chain
from numpycnn.layers.data_format import to_channels_last
from numpycnn.losses import CategoricalCrossentropy
from relations.common import counts, generator
from relations.drawn_networks import (
    OUTPUTS,
    copies,
    examples,
    images,
    layers,
    learn,
    like,
    model_of,
    models,
    same_gradients,
    with_whole_numbers,
)
from relations.table import Draw, relation

# ---------------------------------------------------------------- the same network in other words


@relation(Fault(ConvBlock.gated, "np.greater(cache.y, 0", "np.greater_equal(cache.y, 0"), costly=True)
def the_fast_path_is_the_plain_path(draw: Draw) -> None:
    """predict(x; fast) = predict(x; layer by layer), bit for bit in whole numbers; so are the gradients."""
    model, rng = draw(models())
    x, y = examples(model, 4, rng)
    model.fast = True
    prediction, gradients = model.predict(x), learn(model, x, y)
    model.fast = False
    same_bits(prediction, model.predict(x))
    same_gradients(gradients, learn(model, x, y))


@relation(
    Fault(to_channels_last, "np.moveaxis(x, 1, -1)", "np.moveaxis(x, 1, -1)[:, ::-1]"),
    costly=True,
)
def channels_first_is_channels_last_transposed(draw: Draw) -> None:
    """predict(x with channels first; channels first) = predict(x), with the same weights; so are the gradients."""
    model, rng = draw(models())
    x, y = examples(model, 2, rng)
    *image, channels = x.shape[1:]
    first = copies(model.layers[:1], input_shape=(channels, *image))
    rest = copies(model.layers, data_format="channels_first")[1:]
    other, turned = like(model, [*first, *rest]), np.moveaxis(x, -1, 1)
    same_bits(other.predict(turned), model.predict(x))
    same_gradients(learn(other, turned, y), learn(model, x, y))


@relation(Fault(training.infer, "prepared(x[rows], dtype)", "prepared(np.asarray(x[rows]) / 2, dtype)"), costly=True)
def a_network_cut_in_two_predicts_the_same(draw: Draw) -> None:
    """predict(x; layers) = predict(predict(x; first layers); last layers)."""
    model, rng = draw(models())
    x, cut = images(model, 2, rng), draw(st.integers(1, len(model.layers) - 1))
    first, last = model_of(model.layers[:cut]), model_of(model.layers[cut:])
    same_bits(last.predict(first.predict(x)), model.predict(x))


@relation(
    Fault(parts.parts_at, "if activation == linear:", "if activation != linear:"),
    costly=True,
)
def layers_that_do_nothing_change_nothing(draw: Draw) -> None:
    """predict(x; with Activation("linear") and Dropout(0) between the layers) = predict(x)."""
    model, rng = draw(models())
    x, y = examples(model, 2, rng)
    made: list[Layer] = []
    for layer in copies(model.layers):
        made += [layer, Activation("linear"), Dropout(0.0)]
    other = like(model, made)
    same_bits(other.predict(x), model.predict(x))
    same_gradients(learn(other, x, y), learn(model, x, y))


@relation(Fault(F.relu_backward, "dy * (y.real > 0)", "np.where(y.real > 0, dy, 0.01 * dy)"), costly=True)
def relu_may_come_before_a_pool_or_after(draw: Draw) -> None:
    """pool(relu(conv(x))) = relu(pool(conv(x))); so are the gradients of a network of either."""
    rng, size = generator(draw), draw(st.integers(1, 3))
    conv, pool = Conv2D(2, 2, input_shape=(7, 8, 2)), MaxPooling2D(size, draw(counts), "same")
    before = [conv, Activation("relu"), pool, Flatten(), Dense(OUTPUTS)]
    model = with_whole_numbers(model_of(before, fast=False), rng)
    a, b, c, *rest = copies(before)
    other, (x, y) = like(model, [a, c, b, *rest]), examples(model, 2, rng)
    same_bits(other.predict(x), model.predict(x))
    same_gradients(learn(other, x, y), learn(model, x, y))


@relation(Fault(training.make_objective, "model.without_activation()", "model"), costly=True)
def softmax_may_stand_in_the_layer_or_in_the_loss(draw: Draw) -> None:
    """gradient(softmax at the end, cross-entropy) = gradient(logits at the end, cross-entropy from logits)."""
    model, rng = draw(models("softmax"))
    x, y = examples(model, 4, rng)
    *rest, last = copies(model.layers)
    last.activation = linear
    logits = like(model, [*rest, last])
    same_gradients(
        learn(model, x, y, loss=CategoricalCrossentropy()), learn(logits, x, y, loss=CategoricalCrossentropy(True))
    )


@relation(Fault(Layer.set_weights, "array[...] = value", "array[...] = abs(value)"), costly=True)
def weights_make_the_model(draw: Draw) -> None:
    """predict(x; another model, set_weights(get_weights())) = predict(x), whatever it was before."""
    model, rng = draw(models())
    other = with_whole_numbers(model_of(copies(model.layers), fast=model.fast), rng)
    other.set_weights(model.get_weights())
    x = images(model, 2, rng)
    same_bits(other.predict(x), model.predict(x))


# ---------------------------------------------------------------- symmetries


@relation(
    Fault(OneAxisBlock.outputs, 'self.params["bias"][:, None]', 'np.sort(self.params["bias"])[:, None]'),
    costly=True,
)
def filters_between_two_convolutions_have_no_order(draw: Draw) -> None:
    """predict(x; first filters, and second channels, in another order) = predict(x), with a pool between them."""
    rng, filters = generator(draw), draw(st.integers(1, 4))
    made = [
        Conv2D(filters, 2, activation="relu", input_shape=(7, 8, 2)),
        MaxPooling2D(2, draw(counts)),
        Conv2D(2, (1, 2), padding="same"),
    ]
    model = with_whole_numbers(model_of(made, fast=draw(st.booleans())), rng)
    x, p = images(model, 2, rng), rng.permutation(filters)
    before = model.predict(x)
    first, bias, second, last = model.get_weights()
    model.set_weights([first[..., p], bias[p], second[:, :, p], last])
    same_bits(model.predict(x), before)


@relation(
    Fault(begin_pool, "y.fill(0 if relu", "y.fill(1 if relu"),
    costly=True,
)
def without_biases_a_network_only_scales(draw: Draw) -> None:
    """predict(a*x) = a*predict(x) for any a above 0, where no layer has a bias."""
    made = draw(layers())
    model = model_of(copies(made, use_bias=False), fast=draw(st.booleans()))
    rng = generator(draw)
    x, a = images(with_whole_numbers(model, rng), 2, rng), draw(st.sampled_from((2.0, 3.0, 100.0)))
    same_bits(model.predict(a * x), a * model.predict(x))


@relation(
    Fault(Chain.backward_micro, "needed_gradients(dy,", "needed_gradients(dy.clip(-1, 1),"),
    costly=True,
)
def a_batchs_gradient_is_affine_in_its_targets(draw: Draw) -> None:
    """gradient(x, u) + gradient(x, v) = gradient(x, (u + v)/2) twice, of the mean squared error."""
    model, rng = draw(models())
    x = images(model, 2, rng)
    u, v = (integers(rng, (2, OUTPUTS), np.float64, 100) for _ in range(2))
    one, two, mean = (learn(model, x, y) for y in (u, v, (u + v) / 2))
    for key in mean:
        same_bits(one[key] + two[key], 2 * mean[key])


@relation(Fault(F.softmax, "minus_largest(z, axis)", "z"), costly=True)
def float32_is_float64_rounded(draw: Draw) -> None:
    """predict(x; float32) = predict(x; float64), to 1e-5, for large logits too: whole numbers, exact in both."""
    model, rng = draw(models("softmax"))
    model.set_weights([16 * np.sign(w) for w in model.get_weights()])
    other, x = like(model, copies(model.layers), floatx="float32"), np.sign(images(model, 3, rng))
    assert other.predict(x).dtype == np.float32
    np.testing.assert_allclose(other.predict(x), model.predict(x), rtol=1e-5, atol=1e-6)
