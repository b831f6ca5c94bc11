"""What a block of this library is, beside the layer of Keras that merges its branches: a label, which Keras overlooks.

It is the block's description, where each branch has the number of its layers in the place of these, which are Keras's.
So a model that is saved and loaded here has its blocks' classes and their branches' names again. Where Keras says the
same, which is how branches are merged, Keras's word counts.
"""

from collections.abc import Sequence
from typing import Any

from numpycnn.common import checks
from numpycnn.layers import Branches, Residual

Config = dict[str, Any]

BLOCKS = ("Branches", "Residual")
CHAINS = ("Chain", "Sequential")


def label_of(block: Branches) -> Config:
    """The label of a block."""
    config = block.get_config()
    for branch in config["layers"]:
        branch["config"]["layers"] = len(branch["config"]["layers"])
    return {"class_name": type(block).__name__, "config": config}


def default_label(name: str, merge: str, branches: int) -> Config:
    """The label of a block that Keras's users made: a Residual, if two branches are added."""
    residual = merge == "add" and branches == 2
    block = Residual([], name=name) if residual else Branches([[] for _ in range(branches)], name=name)
    return label_of(block)


def checked_label(label: Any) -> Config:
    """The label of a block. Raises TypeError or ValueError for anything else."""
    checks.keys("file", "label", label, {"class_name", "config"})
    checks.choice("file", "class_name of a block", label["class_name"], BLOCKS)
    config = checks.by_name("file", "config of a block", label["config"])
    for branch in checks.sequence("file", "branches", config.get("layers")):
        checks.keys("file", "branch", branch, {"class_name", "config"})
        checks.choice("file", "class_name of a branch", branch["class_name"], CHAINS)
        own = checks.by_name("file", "config of a branch", branch["config"])
        checks.integer("file", "layers of a branch", own.get("layers"), at_least=0)
    return label


def labelled(label: Config, merge: Config, branches: Sequence[list[Config]]) -> Config:
    """The description of a block with these layers in its branches. merge: the arguments that are Keras's.

    Raises ValueError for another number of branches than the label's, and for a Residual that does not add.
    """
    chains = checks.sequence("file", "branches", label["config"]["layers"], length=len(branches))
    config = {**label["config"], "layers": [with_layers(*pair) for pair in zip(chains, branches, strict=True)]}
    if label["class_name"] == "Branches":
        return {"class_name": "Branches", "config": config | merge}
    if merge["merge"] != "add":
        raise ValueError(f"a Residual adds its branches; received {merge['merge']}")
    return {"class_name": "Residual", "config": config}


def with_layers(chain: Config, layers: list[Config]) -> Config:
    """A branch's description with these layers in it."""
    return {**chain, "config": {**chain["config"], "layers": layers}}
