"""What courses have people write, under its own names and signatures: the right numbers to compare with, and a grader.

    cs231n      Stanford's CS231n, assignments 1 and 2
    d2l         Dive into Deep Learning, chapters 7 and 8

`exercises.py` has the cases on which the grader compares, `grading.py` how; `comparison.py` says what is wrong with one
result, by the usual mistakes of `hypotheses.py` and `variants.py`. `python -m numpycnn grade FILE.py` runs it.
"""
