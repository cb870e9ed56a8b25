using System.Runtime.InteropServices;

namespace AnnDataCache.Interop;

/// <summary>A system call failed: what was tried, on what, and the kernel's reason.</summary>
internal sealed class PosixException(string action, int error)
    : IOException($"{action}: {Marshal.GetPInvokeErrorMessage(error)}.")
{
    internal const int NotPermitted = 1, NoEntry = 2, Interrupted = 4, InputOutput = 5, Again = 11, AccessDenied = 13,
        Exists = 17, CrossDevice = 18, NotFolder = 20, IsFolder = 21, Invalid = 22, NoSpace = 28, ReadOnlyFiles = 30, NameTooLong = 36,
        NotSupported = 95, TooManyLinks = 40, QuotaExceeded = 122;

    /// <summary>The kernel's number, for example <see cref="NoSpace"/>.</summary>
    internal int Error { get; } = error;

    internal bool IsNoSpace => Error is NoSpace or QuotaExceeded;

    /// <summary>The exception for the call that has just failed on this thread.</summary>
    internal static PosixException Last(string action) => new(action, Marshal.GetLastPInvokeError());
}
