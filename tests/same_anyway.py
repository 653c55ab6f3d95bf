"""Changes of code in the book that no reader could see: the notebook and the changed line, and why.

`make mutants` tries them all the same, and each entry must excuse one that no test noticed.
"""

SAME = {
    # Another example of what holds for all of them.
    r"softmax: .*softmax\(z (- 7|\+ 8)\), s\)": "any shift",
    r"softmax: for c in \((1\.0, -3|0\.0, \+3|0\.0, -4|0\.0, -3\.0, 200)": "any constant",
    r"softmax: .*np\.log\(s\) - c\)": "any constant",
    r"softmax-derivative: many = .*(_rng\(7\)|scale=3|2000, 1)": "any logits, to a power of ten",
    r"softmax-derivative: (T, )?h = (2\.0, )?(2e-6|1e-7)": "any small step",
    r"softmax-derivative: def complex_step_jacobian\(z, h=(2e-200|1e-300)": "any tiny step",
    r"softmax-derivative: rng = np\.random\.default_rng\(3\)": "any examples",
    r"softmax-derivative:     z_random = rng\.normal\((scale=4|.*size=20)": "any examples",
    r"softmax-derivative: v = rng\.normal\(size=\(2000, 3": "any number of examples",
    r"cross-entropy: events = rng\.choice\(3, size=2_": "any large number of events",
    # Another example of what overflows, underflows, is rounded or refused.
    r"softmax: masked = \[\[(1\.0, 1\.0|0\.0, 2\.0)\]": "beside what is refused",
    r"softmax: for bad in \(\[(2\.0, np.nan, 2|1\.0, np.nan, 3)": "beside what is refused",
    r"cross-entropy:         cross_entropy\(p, \[(1\.5, 0\.5|0\.5, 1\.5)": "p is refused first",
    r"combined-gradient:     .*\(\[(3\.0, 1|2\.0, 2|2\.0, 1\.0, 1).*\[1\.0, 1": "y is refused",
    r"cross-entropy: for p in \(\[0\.5, 0\.6\], \[2\.2, -0\.2": "-0.2 is what is refused",
    r"softmax: for z in .*\[20\.0, 10\.0, 2\.0\]": "e^-18 is not among six digits either",
    r"softmax:     print\(\"naive .*\[([12]000)\.0, [12]001\.0, [12]002": "overflows as well",
    r"softmax: .*softmax\(\[1\.0, -[0-9]+\.0\]\)": "underflows or is rounded to 1 as well",
    r"softmax: .*softmax\(\[0\.0, -(900|50|60)\.0\]\)": "underflows or is rounded to 1 as well",
    r"softmax-derivative: print.*\[0\.0, 0\.0, -2000": "underflows as well",
    # Computed or drawn in another way, with the same result.
    r".*axis=\+1|softmax-derivative: variance = .*\.sum\(\+1\)": "of two axes the last is axis 1",
    r"softmax-derivative:     return np\.stack\(columns, axis=-2": "the Jacobian is symmetric",
    r"softmax-derivative: .*\{round\(np\.log10\(error\)\):-03d\}": "the exponents are negative",
    r"combined-gradient: h = (2e-5|1e-6)": "any small step",
    r"combined-gradient: .*for d in range\(10\)\], range\(20\)": "there are ten images",
    r"combined-gradient: show_images\(W.*range\(20\)": "there are ten images",
    r"combined-gradient: gap = np\.log\(smooth\[0\] / smooth\[2": "the same as smooth[1]",
    r"combined-gradient: limit = .*:-2": "the last pixel has no large weight",
    r"combined-gradient: penalty = 1e-3 / np\.ones": "divided by 1",
    r"combined-gradient:     theirs = .*(tol=2e|e-20|max_iter=2)": "it finds the minimum anyway",
    r"softmax: low, high = 0\.01, 2|softmax: for _ in range\(60\)": "bisection ends where it did",
    r"softmax:     ax\.text\(x, y \+ 0\.03 / up": "up is 1 or -1",
    r"cross-entropy:     return .*np\.clip\(q, 1e-12, 2": "no q is above 1",
    r".*\bround\((8 / 27, )?[57]\)": "it has no more digits, or they are 0",
    r".*= np\.linspace\(.*, [3-6][0-9]+\)": "a curve through more points",
    r"softmax: temperatures = .*(200, 400|100, 500)\)": "ends in the centre as well",
    r"performance: colours = .*range\(7\)": "there are fewer libraries",
    r"performance: .*axes\[1\]\.get_legend": "both have the same legend",
    r"performance: .*ncols=4": "there are three entries",
    r"performance:     ax\.hlines\(rows.*lw=2": "a light grey line, a little wider",
    r"proofs: .*\(\(0 / S - e_i": "0 as well",
    r"ledger: .*\(eq\+\[a-z-\]": "no other label begins with eq",
    r"ledger: .*utf\+8": "another name of UTF-8",
    r"ledger: def my_softmax\(z, axis=(\+1|-2)\)": "the axis is always given",
}
