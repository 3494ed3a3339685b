"""What a caller gets back: Xen's error codes, and the answers that are no error code.

Source: ``xen/include/public/errno.h``, ``xen/include/public/grant_table.h`` (``GNTST_*``); fact sheet 2.3, 2.8, 3.2.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The result of a call as its caller sees it."""

    SUCCESS = "0"
    EPERM = "EPERM"
    ESRCH = "ESRCH"
    EFAULT = "EFAULT"
    EACCES = "EACCES"
    EINVAL = "EINVAL"
    ENOSYS = "ENOSYS"
    EOPNOTSUPP = "EOPNOTSUPP"
    ECONNREFUSED = "ECONNREFUSED"
    EBUSY = "EBUSY"
    EAGAIN = "EAGAIN"
    ERANGE = "ERANGE"
    GNTST_GENERAL_ERROR = "GNTST_general_error"
    GNTST_BAD_DOMAIN = "GNTST_bad_domain"
    GNTST_PERMISSION_DENIED = "GNTST_permission_denied"
    GNTST_BAD_HANDLE = "GNTST_bad_handle"
    START_EXTENT = "start_extent"
    """The extents done so far (none): a refused change of a reservation looks like one that got nowhere."""
    DENIED_TEXT = "<denied>"
    """The literal text in place of the answer."""
    ERRS_EPERM = "errs[]=EPERM"
    """The hypercall returns 0; the entry's own error says EPERM."""
    NO_ACCESS = "XST_PM_NO_ACCESS"
    """A firmware call refused to the caller."""
    NOT_SUPPORTED = "PSCI_NOT_SUPPORTED"
    IOMMU_FAULT = "IOMMU_FAULT"
    """The write of a device that the IOMMU does not let through."""
    NO_SUCH_DEVICE = "NO_SUCH_DEVICE"
    """The domain owns no device that could do this."""


PERMISSION_FAILURES = frozenset(
    {
        Code.EPERM,
        Code.EACCES,
        Code.ENOSYS,
        Code.START_EXTENT,
        Code.DENIED_TEXT,
        Code.ERRS_EPERM,
        Code.NO_ACCESS,
        Code.NOT_SUPPORTED,
        Code.GNTST_PERMISSION_DENIED,
    }
)
"""The answers that say that the caller may not, whatever the state and the arguments."""
