"""Requirements of Xen's functional-safety documents: written in rst, confirmed by a model, linked to tests."""

__version__ = "0.1.0"
