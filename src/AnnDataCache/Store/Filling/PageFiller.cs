using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>Puts new pages with their bytes into a file in memory, beside another thread that writes to it.</summary>
/// <remarks>
/// <c>pwrite</c> holds the file's lock while it takes pages, which is most of its time: a second writer waits, spinning.
/// <c>UFFDIO_COPY</c> of <c>userfaultfd(2)</c> takes a page, fills it and puts it into the file without that lock
/// (docs/decisions/0025). The mapping that it needs for an address has no access: nobody can touch a page that is missing
/// there, and wait for an answer to the fault. Every process may do this for its own faults; where a sandbox forbids it,
/// or an older kernel lacks it, there is no filler.
/// </remarks>
internal sealed unsafe class PageFiller : IDisposable
{
    internal const int PageBytes = 4096;

    private const int UserModeOnly = 1;
    private const ulong Version = 0xAA, MissingPages = 1, WakeNobody = 1;
    private const nuint ApiCall = 0xC018AA3F, RegisterCall = 0xC020AA00, CopyCall = 0xC028AA03;

    private static readonly Lazy<int> s_descriptor = new(Open);

    private readonly MappedFile _mapping;

    private PageFiller(MappedFile mapping) => _mapping = mapping;

    /// <summary>A filler for <c>[0, length)</c> of a file; null where the kernel or the file system has none.</summary>
    internal static PageFiller? TryCreate(FileDescriptor file, long length)
    {
        if (s_descriptor.Value < 0 || length < PageBytes) { return null; }
        MappedFile mapping;
        try
        {
            mapping = MappedFile.MapClosed(file, length);
        }
        catch (PosixException)
        {
            return null; // no addresses are left: it goes without
        }

        long pages = (length + PageBytes - 1) / PageBytes * PageBytes;
        Registration registration = new() { Start = (ulong)mapping.Address, Length = (ulong)pages, Mode = MissingPages };
        if (Posix.IoCtl(s_descriptor.Value, RegisterCall, &registration) == 0) { return new PageFiller(mapping); }
        mapping.Dispose();
        return null;
    }

    /// <summary>Puts whole pages that the file does not have yet.</summary>
    /// <param name="offset">In the file, of a page.</param>
    /// <param name="bytes">As many as whole pages have.</param>
    /// <returns>How many bytes are in the file now; the others, for whatever reason, are to be written.</returns>
    internal int Fill(long offset, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, _mapping.Length - bytes.Length);
        int done = 0;
        fixed (byte* start = bytes)
        {
            while (done < bytes.Length)
            {
                Copy copy = new()
                {
                    To = (ulong)(_mapping.Address + offset + done),
                    From = (ulong)(start + done),
                    Length = (ulong)(bytes.Length - done),
                    Mode = WakeNobody,
                };
                _ = Posix.IoCtl(s_descriptor.Value, CopyCall, &copy);
                if (copy.Copied <= 0) { break; }
                done += (int)copy.Copied;
            }
        }

        return done;
    }

    public void Dispose() => _mapping.Dispose();

    private static int Open()
    {
        int descriptor = Posix.UserFault(UserModeOnly | Posix.CloseOnExec);
        Api api = new() { Version = Version };
        return descriptor >= 0 && Posix.IoCtl(descriptor, ApiCall, &api) == 0 ? descriptor : -1;
    }

    private struct Api
    {
        internal ulong Version, Features, Calls;
    }

    private struct Registration
    {
        internal ulong Start, Length, Mode, Calls;
    }

    private struct Copy
    {
        internal ulong To, From, Length, Mode;
        internal long Copied;
    }
}
