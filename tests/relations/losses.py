"""Relations of losses and metrics."""

from typing import NamedTuple

import numpy as np
from cases import integers
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array, Rng
from numpycnn.losses import CategoricalCrossentropy, MeanSquaredError, SparseCategoricalCrossentropy, crossentropy
from numpycnn.losses.base import per_example
from numpycnn.metrics import Mean, accuracy, categorical_accuracy, confusion_matrix
from relations.common import counts, generator, near
from relations.table import Draw, relation

OF_LOGITS, OF_PROBABILITIES, SQUARES = CategoricalCrossentropy(True), CategoricalCrossentropy(), MeanSquaredError()


class Case(NamedTuple):
    """Logits z of some classes, for each of several places in an example, the true labels, and these one-hot."""

    z: Array
    labels: Array
    y: Array
    rng: Rng


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rng, classes = generator(draw), draw(st.integers(2, 5))
    shape = draw(counts), *draw(st.lists(counts, max_size=2))
    labels = rng.integers(0, classes, shape)
    return Case(rng.normal(0, 2, (*shape, classes)), labels, np.eye(classes)[labels], rng)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    """Whole numbers as targets, as predictions, and as a change of these: (N, ..., K)."""
    rng, shape = generator(draw), tuple(draw(st.lists(counts, min_size=2, max_size=3)))
    y, p, change = (integers(rng, shape, np.float64) for _ in range(3))
    return y, p, change


def probabilities(case: Case) -> Array:
    return F.softmax(case.z)


# ---------------------------------------------------------------- cross-entropy


@relation(Fault(CategoricalCrossentropy.row_values, "else np.log(", "else np.log10("))
def cross_entropy_of_logits_is_that_of_their_softmax(draw: Draw) -> None:
    """loss(y, z; from logits) = loss(y, softmax(z)), and dz = softmax_backward(dp)."""
    case = draw(cases())
    p = probabilities(case)
    near(OF_LOGITS.value(case.y, case.z), OF_PROBABILITIES.value(case.y, p))
    near(OF_LOGITS.gradient(case.y, case.z), F.softmax_backward(OF_PROBABILITIES.gradient(case.y, p), case.z, p))


@relation(Fault(SparseCategoricalCrossentropy.targets, "== np.arange(classes)", "== np.arange(1, classes + 1)"))
def labels_are_one_hot_rows(draw: Draw) -> None:
    """sparse(labels, p) = categorical(one-hot, p)."""
    case = draw(cases())
    p = probabilities(case)
    assert SparseCategoricalCrossentropy()(case.labels, p) == OF_PROBABILITIES(case.y, p)


@relation(Fault(crossentropy.crossentropy, "terms.sum(axis=-1)", "terms[..., :-1].sum(axis=-1)"))
def classes_have_no_order(draw: Draw) -> None:
    """loss(y[q], z[q]) = loss(y, z) for any order q of the classes; so is its gradient."""
    case = draw(cases())
    q = case.rng.permutation(case.z.shape[-1])
    for loss, shown in ((OF_LOGITS, case.z), (OF_PROBABILITIES, probabilities(case)), (SQUARES, case.z)):
        near(loss.value(case.y[..., q], shown[..., q]), loss.value(case.y, shown))
        near(loss.gradient(case.y[..., q], shown[..., q]), loss.gradient(case.y, shown)[..., q])


@relation(Fault(crossentropy.probabilities_gradient, "F.sum_of_others(q)) / total", "F.sum_of_others(q))"))
def the_sum_of_probabilities_does_not_matter(draw: Draw) -> None:
    """loss(y, a*p) = loss(y, p), and a*dp(a*p) = dp(p), for any a above 0."""
    case, a = draw(cases()), draw(st.sampled_from((0.5, 3.0, 100.0)))
    p = probabilities(case)
    near(OF_PROBABILITIES.value(case.y, a * p), OF_PROBABILITIES.value(case.y, p))
    near(a * OF_PROBABILITIES.gradient(case.y, a * p), OF_PROBABILITIES.gradient(case.y, p))


@relation(Fault(crossentropy.crossentropy, "np.multiply(y,", "np.multiply(y**2,"))
def cross_entropy_is_linear_in_the_targets(draw: Draw) -> None:
    """loss(t*u + (1 - t)*v, z) = t*loss(u, z) + (1 - t)*loss(v, z)."""
    case, t = draw(cases()), draw(st.sampled_from((0.25, 0.5, 1.0)))
    u, v = case.y, case.rng.permuted(case.y, axis=-1)
    mixed = OF_LOGITS.value(t * u + (1 - t) * v, case.z)
    near(mixed, t * OF_LOGITS.value(u, case.z) + (1 - t) * OF_LOGITS.value(v, case.z))


@relation(Fault(crossentropy.logits_gradient, "keepdims=True) - y", "keepdims=True) - 0.999 * y"))
def cross_entropys_gradients_cancel(draw: Draw) -> None:
    """sum of dz over the classes = 0."""
    case = draw(cases())
    near(OF_LOGITS.gradient(case.y, case.z).sum(axis=-1), np.zeros(case.labels.shape))


@relation(Fault(per_example, ".mean(axis=1)", ".sum(axis=1)"))
def an_examples_loss_is_the_mean_of_its_places(draw: Draw) -> None:
    """loss(y, z)[n] = mean over the places of loss(y[n], z[n]); dz likewise is shared among them."""
    case = draw(cases())
    places, classes = case.labels[0].size, case.z.shape[-1]
    for loss in (OF_LOGITS, SQUARES):
        each = loss.value(case.y.reshape(-1, classes), case.z.reshape(-1, classes))
        near(loss.value(case.y, case.z), each.reshape(-1, places).mean(axis=1))
        gradient = loss.gradient(case.y.reshape(-1, classes), case.z.reshape(-1, classes))
        near(loss.gradient(case.y, case.z), gradient.reshape(case.z.shape) / places)


# ---------------------------------------------------------------- mean squared error


@relation(Fault(MeanSquaredError.row_values, "(y_pred - y_true) ** 2", "np.abs(y_pred - y_true)"))
def mean_squared_error_is_a_square(draw: Draw) -> None:
    """mse(a*y, a*p) = a**2 mse(y, p), and its gradient a dp."""
    (y, p, _), a = draw(pairs()), draw(st.sampled_from((-2.0, 0.5, 3.0)))
    near(SQUARES.value(a * y, a * p), a**2 * SQUARES.value(y, p))
    near(SQUARES.gradient(a * y, a * p), a * SQUARES.gradient(y, p))


@relation(Fault(MeanSquaredError.row_gradient, "(y_pred - y_true)", "(y_pred + y_true)"))
def mean_squared_error_sees_differences_alone(draw: Draw) -> None:
    """mse(y + c, p + c) = mse(y, p); so is its gradient."""
    y, p, c = draw(pairs())
    same_bits(SQUARES.value(y + c, p + c), SQUARES.value(y, p))
    same_bits(SQUARES.gradient(y + c, p + c), SQUARES.gradient(y, p))


@relation(Fault(MeanSquaredError.row_gradient, "2.0 /", "1.0 /"))
def mean_squared_error_is_a_parabola(draw: Draw) -> None:
    """mse(y, p + h) - mse(y, p - h) = <dp, 2h>, for any h, however large."""
    y, p, h = draw(pairs())
    moved = SQUARES.value(y, p + h) - SQUARES.value(y, p - h)
    near(moved, (SQUARES.gradient(y, p) * 2 * h).reshape(len(y), -1).sum(axis=1))


# ---------------------------------------------------------------- metrics


@relation(
    Fault(
        categorical_accuracy,
        "y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)",
        "y_true.argmax(axis=-1) == np.abs(y_pred).argmax(axis=-1)",
    )
)
def accuracy_sees_the_order_of_logits_alone(draw: Draw) -> None:
    """accuracy(y, f(z)) = accuracy(y, z) for increasing f, such as softmax."""
    case = draw(cases())
    same_bits(accuracy(case.y, F.softmax(case.z)), accuracy(case.y, case.z))


@relation(
    Fault(
        confusion_matrix, "true.astype(np.intp) * classes + predicted.astype(np.intp)", "true.astype(np.intp) * classes"
    )
)
def confusion_turns_with_its_arguments(draw: Draw) -> None:
    """confusion(p, t) = confusion(t, p).T, and its diagonal = count * accuracy."""
    case = draw(cases())
    classes = case.z.shape[-1]
    true, predicted = case.labels.ravel(), case.z.argmax(axis=-1).ravel()
    matrix = confusion_matrix(true, predicted, classes)
    same_bits(confusion_matrix(predicted, true, classes), matrix.T)
    near(matrix.trace() / np.float64(true.size), accuracy(true, np.eye(classes)[predicted]).mean())


@relation(Fault(Mean.update_state, "count * float(per", "float(per"))
def means_do_not_see_batches(draw: Draw) -> None:
    """mean(values) = the mean over its parts, wherever it is cut."""
    rng, parts = generator(draw), draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    values, means = rng.normal(size=sum(parts)), Mean()
    for part in np.split(values, np.cumsum(parts)[:-1]):
        means.update_state(part)
    near(np.array(means.result()), values.mean())
