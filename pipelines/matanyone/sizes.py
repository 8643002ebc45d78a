"""The numbers that make the published network what it is (Yang et al., MatAnyone, CVPR 2025, arXiv 2501.14677)."""

STRIDE = 16
"""Pixels of the image, in each direction, that one token stands for."""
WIDTH = 256
"""Channels of pixel features, mask values, sensory state and embeddings."""
KEY_WIDTH = 64
"""Channels of keys and selections."""
F16, F8, F4, F2, F1 = 1024, 512, 256, 64, 3
"""Channels of the pixel encoder's features at strides 16, 8, 4, 2 and 1."""
SUMMARIES = 16
"""Object summaries and queries; the first half stands for the subject, the second for the background."""
HEADS = 8
FEED_FORWARD = 2048
BLOCKS = 3
"""Of the object transformer."""
TOP_K = 30
"""Memory tokens that one token of a frame reads from."""
MEMORY_FRAMES = 5
"""Frames in memory: the first one, which stays, and a queue of four."""
MEMORISE_EVERY = 5
"""Frames from one that is memorised to the next."""
