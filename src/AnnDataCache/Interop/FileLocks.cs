using System.Runtime.InteropServices;

namespace AnnDataCache.Interop;

/// <summary>The two kinds of kernel locks that the store stands on. Both die with their owner; neither is ever unlocked by hand.</summary>
/// <remarks>
/// <c>flock</c> belongs to the open file description, which a mapping keeps alive: the lock on a part is its pin. An explicit
/// LOCK_UN would drop it for every process that shares the description after a fork, so there is no method for it.
/// </remarks>
internal static unsafe class FileLocks
{
    private const int OpenFileSetLock = 37; // F_OFD_SETLK
    private const short WriteLock = 1;
    private const int SetSignal = 10, SetLease = 1024; // F_SETSIG, F_SETLEASE
    private const int WriteLease = 1, NoLease = 2, SignalIgnored = 23; // F_WRLCK, F_UNLCK, SIGURG

    /// <summary>Takes the lock if nobody holds one that conflicts.</summary>
    internal static bool TryLock(FileDescriptor file, bool exclusive)
    {
        int operation = (exclusive ? Posix.LockExclusive : Posix.LockShared) | Posix.LockNonBlocking;
        while (Posix.FLock(file.Value, operation) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == PosixException.Again) { return false; }
            if (error != PosixException.Interrupted) { throw PosixException.Last("Cannot lock a file (does the file system support flock?)"); }
        }

        return true;
    }

    /// <summary>Locks one byte of a file for this open file description; false when another one holds it.</summary>
    internal static bool TryLockByte(FileDescriptor file, long position)
    {
        Posix.FileRangeLock range = new() { Type = WriteLock, Start = position, Length = 1 };
        while (Posix.FCntl(file.Value, OpenFileSetLock, &range) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is PosixException.Again or PosixException.AccessDenied) { return false; }
            if (error != PosixException.Interrupted)
            {
                throw PosixException.Last("Cannot lock a byte of a file (does the file system support open-file-description locks?)");
            }
        }

        return true;
    }

    /// <summary>True unless it is certain that nobody else has the file open or mapped.</summary>
    /// <remarks>
    /// The kernel grants a write lease only to the one opener of a file. It is given back at once; should somebody open the file in
    /// between, the signal that asks for the lease is one that is ignored.
    /// </remarks>
    internal static bool IsOpenedByOthers(FileDescriptor file)
    {
        if (Posix.FCntl(file.Value, SetSignal, SignalIgnored) != 0 || Posix.FCntl(file.Value, SetLease, WriteLease) != 0) { return true; }
        _ = Posix.FCntl(file.Value, SetLease, NoLease);
        return false;
    }
}
