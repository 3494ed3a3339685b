"""Floor 1: the reference model.  Standard library only; read it with the specification beside it.

``vocabulary``  the closed sets of words; ``platform``  what a platform is; ``devices``  who owns which
device; ``rules``  which platforms are allowed; ``boot``  which Xen starts;
``operations``  the catalogue of what a domain can ask of Xen; ``decision``  who may; ``effects``  what it changes;
``policies``  the document and Xen's policies as parameters of the two; ``virtqueue``  the rings of VirtIO, to the byte.
"""
