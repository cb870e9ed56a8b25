namespace AnnDataCache.Interop;

/// <summary>A range of a file in memory. Owned by whoever mapped it; spans and pointers into it die with it.</summary>
/// <remarks>
/// The mapping keeps the open file description alive, and with it the <c>flock</c> taken through it: for a part the
/// mapping <em>is</em> the pin, and unmapping is unpinning (docs/sharing.md).
/// </remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private nint _address;

    private MappedFile(nint address, long length) => (_address, Length) = (address, length);

    ~MappedFile() => Unmap();

    internal long Length { get; }

    internal byte* Address => _address != 0 || Length == 0 ? (byte*)_address : throw new ObjectDisposedException(nameof(MappedFile));

    /// <summary>Maps <c>[0, length)</c>, shared. A file shorter than that is the caller's SIGBUS: check the size first.</summary>
    internal static MappedFile Map(FileDescriptor file, long length, bool writable = false) =>
        Map(file, length, writable ? Posix.ProtRead | Posix.ProtWrite : Posix.ProtRead);

    /// <summary>The same without any access: addresses for the kernel alone.</summary>
    internal static MappedFile MapClosed(FileDescriptor file, long length) => Map(file, length, Posix.ProtNone);

    private static MappedFile Map(FileDescriptor file, long length, int protection)
    {
        if (length == 0) { return new MappedFile(0, 0); }
        nint address = Posix.MMap(0, (nuint)length, protection, Posix.MapShared, file.Value, 0);
        if (address == -1) { throw PosixException.Last($"Cannot map {length:N0} bytes"); }

        // A child that .NET starts is forked before it becomes another program: it must not keep a part pinned meanwhile.
        // And a core dump need not hold what lies in a file. Both are advice: a kernel that refuses costs nothing but that.
        _ = Posix.MAdvise(address, (nuint)length, Posix.DontFork);
        _ = Posix.MAdvise(address, (nuint)length, Posix.DontDump);
        return new MappedFile(address, length);
    }

    /// <summary>Bytes <c>[offset, offset + length)</c>; checked against the mapping.</summary>
    internal ReadOnlySpan<byte> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>(Address + offset, length);
    }

    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    private void Unmap()
    {
        nint address = Interlocked.Exchange(ref _address, 0); // two disposers must not unmap what a third has mapped since
        if (address != 0) { _ = Posix.MUnmap(address, (nuint)Length); }
    }
}
