"""The same numbers, quicker: tuned code for training loops, passed in where training and benchmarks run.

No derivation needs this package. Its `loss_and_gradient` has the numbers of that in `rnnlib.rnn`, which is about a
third as long; a test holds both to 1e-12. What makes it quick: buffers kept from call to call, pieces of the sequence
that stay in cache, and fewer calls per step for a single sequence. Source: the chapter "Vectorised BPTT"
(book/vectorised.md), section "The same numbers, quicker".
"""

from rnnlib.fast.gradient import loss_and_gradient as loss_and_gradient
