"""Grant tables as Xen has them, to the byte: how a domain lets another use single pages of its memory, and ends that.

==============  ===================================================================================================
``layout``      the entries and status words as bytes, flags and numbers
``table``       what Xen keeps beside them: pins, handles, limits; domains, and the machine that they are on
``pinning``     how an entry comes to be in use: the checks on it, its status bits, its pins
``mapping``     map, unmap, unmap and replace, the end of a domain
``copying``     copy
``transferring`` transfer
``tables``      set up, sizes, versions, status frames, swap, cache flush
``granter``     what the granter does without any hypercall: grant, end access
``hypercall``   the call as a whole: numbers, counts, and its two results
==============  ===================================================================================================

Every operation is a function from a state to a state and a status.  Checks stand in Xen's order, so that of two errors the one
that Xen reports is the one that is reported.

Sources: ``xen/include/public/grant_table.h`` and ``xen/common/grant_table.c`` at commit
``c447b7308b1330ec6dcfef37220736c28f41daa0``, as the fact sheet (section 3) has them with lines.  Of transfer, swap, cache flush
and the copying of transitive grants the fact sheet gives results and no steps: their order was read in the same file at
``fcbbd0faeeb9a7dd204287fee7871df397c957ee``, which is older.
"""
