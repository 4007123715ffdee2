"""Derives wrong variants of the reference solutions mechanically, and says which of them still earn every point.

Such a survivor is either really as good as the solution, and is then listed with the reason in
``tests/course/NN_name/equivalent.toml``, or shows that a check looks too little.
"""
