import os

# Tests run side by side and compute little: threads would only wait for each other. NumPy reads
# this when it is imported, which conftest.py does.
os.environ["OMP_NUM_THREADS"] = "1"
