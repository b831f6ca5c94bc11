"""Metamorphic relations: equations between what the library gives for one input and for another. None needs an oracle.

A relation is a function that draws its inputs and asserts. Its docstring is the equation. Above it stands a fault that
it must notice. `test_relations.py` runs both.
"""
