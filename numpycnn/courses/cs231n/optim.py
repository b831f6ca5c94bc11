"""The update rules: each takes weights w, their gradient dw and a config, and returns the next weights and the config.

A config is a dict with the rule's settings and what it remembers; what is missing gets its default, in the dict itself.
"""

from typing import Any

import numpy as np

from numpycnn.common.typing import Array

Config = dict[str, Any] | None


def filled(config: Config, **defaults: Any) -> dict[str, Any]:
    """The config, with defaults for what is missing."""
    config = {} if config is None else config
    for name, value in defaults.items():
        config.setdefault(name, value)
    return config


def sgd(w: Array, dw: Array, config: Config = None) -> tuple[Array, dict[str, Any]]:
    """w - learning_rate * dw."""
    config = filled(config, learning_rate=1e-2)
    return w - config["learning_rate"] * dw, config


def sgd_momentum(w: Array, dw: Array, config: Config = None) -> tuple[Array, dict[str, Any]]:
    """v = momentum * v - learning_rate * dw, and w + v."""
    config = filled(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros_like(w))
    config["velocity"] = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    return w + config["velocity"], config


def rmsprop(w: Array, dw: Array, config: Config = None) -> tuple[Array, dict[str, Any]]:
    """cache = decay_rate * cache + (1 - decay_rate) * dw**2, and w - learning_rate * dw/(sqrt(cache) + epsilon)."""
    config = filled(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros_like(w))
    config["cache"] = config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2
    return w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"]), config


def adam(w: Array, dw: Array, config: Config = None) -> tuple[Array, dict[str, Any]]:
    """Adam with bias correction; t is increased before it is used.

    m = beta1 * m + (1 - beta1) * dw        v = beta2 * v + (1 - beta2) * dw**2
    w - learning_rate * (m/(1 - beta1**t)) / (sqrt(v/(1 - beta2**t)) + epsilon)
    """
    config = filled(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    config = filled(config, m=np.zeros_like(w), v=np.zeros_like(w))
    beta1, beta2 = config["beta1"], config["beta2"]
    config["t"] += 1
    config["m"] = beta1 * config["m"] + (1 - beta1) * dw
    config["v"] = beta2 * config["v"] + (1 - beta2) * dw**2
    m, v = config["m"] / (1 - beta1 ** config["t"]), config["v"] / (1 - beta2 ** config["t"])
    return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config
