"""Relations of batches: of predictions, figures and gradients to those of their examples and parts."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st
from networks import fingerprint, small_data, small_network
from numeric import same_bits

from numpycnn.engine import training
from numpycnn.engine.sources import ArraySource, in_order
from numpycnn.engine.threads import WorkerPool
from numpycnn.optimizers import base
from relations.common import counts, generator
from relations.drawn_networks import examples, learn, micro_batches_of, models, same_gradients, sizes
from relations.table import Draw, relation


@relation(Fault(training.learn, "/ job.divisor", "/ len(job.data)"), costly=True)
def a_batchs_gradient_is_the_mean_of_its_examples(draw: Draw) -> None:
    """gradient(x, y) = mean over n of gradient(x[n], y[n]), however the batch is cut."""
    (model, rng), n = draw(models()), draw(sizes)
    x, y = examples(model, n, rng)
    each = [learn(model, x[k : k + 1], y[k : k + 1]) for k in range(n)]
    with micro_batches_of(draw(counts)):
        same_gradients(learn(model, x, y), {key: np.mean([one[key] for one in each], axis=0) for key in each[0]})


@relation(
    Fault(
        training.batch_gradients,
        "data.rows(order[rows])",
        "Data(data.x[order[rows]], data.y[np.sort(order[rows])])",
    ),
    costly=True,
)
def examples_have_no_order(draw: Draw) -> None:
    """gradient(x[p], y[p]) = gradient(x, y) and predict(x[p]) = predict(x)[p] for any order p of the examples."""
    (model, rng), n = draw(models()), draw(sizes)
    (x, y), p = examples(model, n, rng), rng.permutation(n)
    same_gradients(learn(model, x, y, p), learn(model, x, y))
    same_bits(model.predict(x[p]), model.predict(x)[p])


@relation(Fault(base.sum_arrays, "total + term", "term"), costly=True)
def a_batch_twice_over_teaches_the_same(draw: Draw) -> None:
    """gradient(x and x again) = gradient(x)."""
    (model, rng), n = draw(models()), draw(sizes)
    x, y = examples(model, n, rng)
    with micro_batches_of(n):
        same_gradients(learn(model, np.concatenate([x, x]), np.concatenate([y, y])), learn(model, x, y))


@relation(
    Fault(WorkerPool.map, "first = tasks.popleft()", "first = tasks.pop()"),
    costly=True,
)
def neither_batch_size_nor_workers_change_a_prediction(draw: Draw) -> None:
    """predict(x; batch size a, b workers) = predict(x), bit for bit; nothing is compiled, nor a whole number."""
    rng, n = generator(draw), draw(st.sampled_from((1, 250, 500, 600)))
    model = small_network(compiled=False)
    model.fast = draw(st.booleans())
    x = rng.normal(size=(n, 8, 8, 1))
    size, workers = draw(st.sampled_from((None, 1, 7, 1000))), draw(counts)
    same_bits(model.predict(x, size, workers=workers), model.predict(x, workers=1))


@relation(
    Fault(ArraySource.batches, "self.steps):", "max(1, len(self.data) // self.batch_size)):"),
    costly=True,
)
def evaluations_add_up(draw: Draw) -> None:
    """(a + b)*evaluate(a and b) = a*evaluate(a) + b*evaluate(b)."""
    model, (x, y), a = small_network(), small_data(20, draw(st.integers(0, 9))), draw(st.integers(1, 19))
    whole = np.array(model.evaluate(x, y, draw(st.integers(1, 30)), verbose=0))
    parts = [np.array(model.evaluate(*part, verbose=0)) for part in ((x[:a], y[:a]), (x[a:], y[a:]))]
    np.testing.assert_allclose(20 * whole, a * parts[0] + (20 - a) * parts[1], rtol=1e-5)


@relation(Fault(in_order, "np.arange(count)", "np.arange(count)[::-1]"), costly=True)
def a_fit_is_its_batches_one_by_one(draw: Draw) -> None:
    """fit(x) without shuffling = train_on_batch(each batch of x), the short last one too, dropout on."""
    n, size = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    x, y = small_data(n, draw(st.integers(0, 9)))
    fitted, stepped = small_network(), small_network()
    fitted.fit(x, y, batch_size=size, verbose=0, shuffle=False)
    for start in range(0, n, size):
        stepped.train_on_batch(x[start : start + size], y[start : start + size])
    assert fingerprint(fitted)[:3] == fingerprint(stepped)[:3]
