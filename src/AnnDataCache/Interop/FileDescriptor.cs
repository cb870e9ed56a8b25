using System.Runtime.InteropServices;

namespace AnnDataCache.Interop;

/// <summary>An open file or folder, closed by <c>close</c> alone: unlike <c>SafeFileHandle</c> it never unlocks.</summary>
/// <remarks>Owned by whoever opened it. Positional reads and writes are safe from several threads.</remarks>
internal sealed unsafe class FileDescriptor : SafeHandle
{
    internal FileDescriptor(int value) : base(-1, ownsHandle: true) => SetHandle(value);

    public override bool IsInvalid => handle < 0;

    /// <summary>Its number. A closed one's may be another file's by now, so nobody gets it.</summary>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    internal int Value => !IsClosed ? (int)handle : throw new ObjectDisposedException(nameof(FileDescriptor));

    /// <summary>Opens by absolute or relative path. <c>O_CLOEXEC</c> is always added.</summary>
    /// <exception cref="PosixException">The kernel's reason, with the path.</exception>
    internal static FileDescriptor Open(string path, int flags, uint mode = 0)
    {
        int value = Posix.Open(path, flags | Posix.CloseOnExec, mode);
        return value >= 0 ? new FileDescriptor(value) : throw PosixException.Last($"Cannot open '{path}'");
    }

    /// <summary>Opens a name in a folder; null when the call fails, and the reason is the thread's last error.</summary>
    internal static FileDescriptor? TryOpenAt(FileDescriptor folder, string name, int flags, uint mode = 0)
    {
        int value = Posix.OpenAt(folder.Value, name, flags | Posix.CloseOnExec, mode);
        return value >= 0 ? new FileDescriptor(value) : null;
    }

    /// <summary>Reads until the span is full or the file ends; returns the number of bytes read.</summary>
    internal int Read(long offset, Span<byte> bytes)
    {
        int done = 0;
        fixed (byte* start = bytes)
        {
            while (done < bytes.Length)
            {
                nint count = Posix.PRead(Value, start + done, (nuint)(bytes.Length - done), offset + done);
                if (count == 0) { break; }
                if (count < 0)
                {
                    if (Marshal.GetLastPInvokeError() == PosixException.Interrupted) { continue; }
                    throw PosixException.Last($"Cannot read {bytes.Length:N0} bytes at {offset:N0}");
                }

                done += (int)count;
            }
        }

        return done;
    }

    /// <summary>Writes all bytes at the offset.</summary>
    /// <exception cref="PosixException"><see cref="PosixException.IsNoSpace"/> when the file system is full.</exception>
    internal void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        fixed (byte* start = bytes)
        {
            while (done < bytes.Length)
            {
                nint count = Posix.PWrite(Value, start + done, (nuint)(bytes.Length - done), offset + done);
                if (count < 0)
                {
                    if (Marshal.GetLastPInvokeError() == PosixException.Interrupted) { continue; }
                    throw PosixException.Last($"Cannot write {bytes.Length:N0} bytes at {offset:N0}");
                }

                done += (int)count;
            }
        }
    }

    protected override bool ReleaseHandle() => Posix.Close((int)handle) == 0;
}
