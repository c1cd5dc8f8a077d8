"""What kernels run first: a chapter makes millions of small objects and hardly a cycle of them.

Python's collector looks for such cycles after every 700 new objects, in a kernel a quarter of the
time of the imports alone.
"""

__import__("gc").set_threshold(100_000, 50, 100)
