"""Virtqueues to the byte: split and packed, over a memory in which each side sees only what it may.

``memory``  bytes, pages, and what each side may do with them; ``layout``  the structures of the standard as bytes; ``outcome``
what a queue's user gets back: a refusal, or the misbehaviour of the other side with the reactions that the standard permits;
``chain``  the buffers of a request, common to both formats; ``events``  when a notification has to be sent; ``split``  and
``packed``  the two formats, a step at a time and as whole operations; ``lifecycle``  device status, features, queue reset.

Read it with the VirtIO standard beside it: sections are those of VirtIO 1.2.  The text of both formats is the same in 1.2, 1.3
and 1.4 but for two editorial words; what 1.4 adds says so.
"""
