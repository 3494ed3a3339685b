"""Floor 3: runs claims - which there are, in which order, in processes of their own, with a cache - and compares what came
out with the register of expected divergences."""
