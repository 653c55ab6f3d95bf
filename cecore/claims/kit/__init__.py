"""The conformance kit: where implementations go wrong, looked for function by function.

A *probe* is one way to go wrong, such as an overflow. It calls a function on inputs of one kind and
compares with right values of far more digits. What it finds is shrunk to the smallest input that
shows it. Probes stand in three levels: *correct*, *robust* and *exact*; and *strict*, if asked for.
"""
