"""One seed for all random numbers that are drawn without one."""

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments


@explains_arguments
def set_random_seed(seed: int) -> None:
    """Seed Python's and NumPy's global random numbers: models without a seed of their own draw theirs from NumPy's.

    Raises TypeError or ValueError unless seed is an integer from 0 to 2**32 - 1.
    """
    import random  # deferred: slow import

    seed = checks.integer("set_random_seed", "seed", seed, at_least=0, at_most=2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)
