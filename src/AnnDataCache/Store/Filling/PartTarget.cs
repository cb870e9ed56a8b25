using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>Fills a reserved file: by pwrite, or with <c>ANNDATA_CACHE_FILL=map</c> by storing into a mapping.</summary>
/// <remarks>
/// Writing gives a clean error on a full file system, and on tmpfs with small pages it is faster: a dense matrix of
/// 400 MB took 0.3 s written in gathered bands, 1.1 s stored into fresh pages. Storing into a page that has none is
/// SIGBUS, so a range is mapped only once <c>fallocate</c> has given it its pages.
/// A file has one writer at a time, and new pages take it long: whoever finds another at it goes by way of <see cref="PageFiller"/>
/// where the file is new and its pages are small. <c>ANNDATA_CACHE_FILL=write</c> has everybody wait instead.
/// </remarks>
/// <param name="file">Open for writing, at its full length.</param>
/// <param name="length">Of the part.</param>
/// <param name="folder">The tier's.</param>
/// <param name="isNew">False for a file whose pages are there already.</param>
internal sealed unsafe class PartTarget(FileDescriptor file, long length, TierFolder folder, bool isNew) : ByteTarget
{
    private const int PageBytes = PageFiller.PageBytes;

    /// <summary>Below this a page more or less at either end is most of it.</summary>
    private const int LeastFill = 4 * PageBytes;

    private const int FewMeetings = 8;

    private static readonly string? s_way = Environment.GetEnvironmentVariable("ANNDATA_CACHE_FILL");

    private static readonly bool s_maps = s_way == "map", s_waits = s_way == "write";

    private static readonly byte[] s_zeros = new byte[1 << 18];

    private readonly Lock _lock = new(), _writing = new();
    private int _writers, _writes, _meetings; // writers now; writes so far, and those that found another one
    private MappedFile? _mapping;
    private PageFiller? _filler;
    private bool _lacksFiller = s_waits || !isNew;

    internal override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (s_maps && bytes.Length > 0)
        {
            bytes.CopyTo(new Span<byte>(TryGetAddress(offset, bytes.Length), bytes.Length));
            return;
        }

        CheckRange(offset, bytes.Length);
        if (_lacksFiller || bytes.Length < LeastFill)
        {
            WriteThrough(offset, bytes);
            return;
        }

        bool meets = Interlocked.Increment(ref _writers) > 1;
        try
        {
            if (!IsCrowded(meets)) { WriteThrough(offset, bytes); }
            else if (_writing.TryEnter())
            {
                try
                {
                    WriteThrough(offset, bytes);
                }
                finally
                {
                    _writing.Exit();
                }
            }
            else { Fill(offset, bytes); }
        }
        finally
        {
            Interlocked.Decrement(ref _writers);
        }
    }

    /// <summary>True when most writes meet another: who meets few waits at less cost than a filler has.</summary>
    private bool IsCrowded(bool meets)
    {
        int writes = Interlocked.Increment(ref _writes), meetings = meets ? Interlocked.Increment(ref _meetings) : _meetings;
        return meetings > FewMeetings && meetings > writes / 3 * 2;
    }

    /// <summary>Whole pages beside the other writer, and what is left as everybody.</summary>
    private void Fill(long offset, ReadOnlySpan<byte> bytes)
    {
        int head = (int)(-offset & (PageBytes - 1)), whole = (bytes.Length - head) / PageBytes * PageBytes;
        int filled = Filler()?.Fill(offset + head, bytes.Slice(head, whole)) ?? 0;
        WriteThrough(offset, bytes[..head]);
        WriteThrough(offset + head + filled, bytes[(head + filled)..]);
    }

    private void WriteThrough(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            file.Write(offset, bytes);
        }
        catch (PosixException error) when (error.IsNoSpace)
        {
            throw NoSpace(error);
        }
    }

    private PageFiller? Filler()
    {
        lock (_lock)
        {
            if (_filler is not null || _lacksFiller) { return _filler; }
            if (folder.HasSmallPages) { _filler = PageFiller.TryCreate(file, length); }
            _lacksFiller = _filler is null;
            return _filler;
        }
    }

    internal override byte* TryGetAddress(long offset, long count)
    {
        CheckRange(offset, count);
        return s_maps && count > 0 ? Map(offset, count) : null;
    }

    internal override byte* Map(long offset, long count)
    {
        CheckRange(offset, count);
        long start = offset / PageBytes * PageBytes;
        if (Posix.FAllocate(file.Value, 0, start, offset + count - start) != 0)
        {
            PosixException error = PosixException.Last($"Cannot allocate {count:N0} bytes in '{folder.Path}'");
            if (error.Error is PosixException.NotSupported) { return null; }
            throw error.IsNoSpace ? NoSpace(error) : error;
        }

        return Mapping() + offset;
    }

    /// <remarks>
    /// Of the ways to give a range its pages, zeros that are written are the cheapest; but a file has one writer at a time. Who finds
    /// another at it has the kernel take the pages by way of the mapping; where that fails, writing says why (docs/decisions/0020).
    /// </remarks>
    internal override byte* MapNew(long offset, long count)
    {
        CheckRange(offset, count);
        byte* memory = Mapping() + offset;
        nint page = (nint)memory / PageBytes * PageBytes;
        nuint bytes = (nuint)((nint)memory + (nint)count - page);
        if (!_writing.TryEnter())
        {
            if (Posix.MAdvise(page, bytes, Posix.PopulateWrite) == 0) { return memory; }
            _writing.Enter();
        }

        try
        {
            for (long done = 0; done < count; done += s_zeros.Length)
            {
                Write(offset + done, s_zeros.AsSpan(0, (int)Math.Min(s_zeros.Length, count - done)));
            }
        }
        finally
        {
            _writing.Exit();
        }

        if (count > 0) { _ = Posix.MAdvise(page, bytes, Posix.PopulateRead); } // advice: sixteen pages at a time
        return memory;
    }

    private byte* Mapping()
    {
        lock (_lock) { _mapping ??= MappedFile.Map(file, length, writable: true); }
        return _mapping.Address;
    }

    internal void Close()
    {
        lock (_lock)
        {
            _mapping?.Dispose();
            _mapping = null;
            _filler?.Dispose();
            _filler = null;
        }
    }

    private void CheckRange(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length - count);
    }

    private StoreException NoSpace(PosixException error) => new(
        CacheError.NoRoom,
        $"The file system of '{folder.Path}' became full while a part of {length:N0} bytes was written: others fill it too. "
        + "Nothing was kept. Free some of it, or lower the tier's budget so that parts are evicted earlier.",
        error);
}
