using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Store;

/// <summary>Room for one part, and the bytes that fill it. Seal it, or dispose it: then nothing is left of it.</summary>
internal sealed class PartReservation : IDisposable
{
    private readonly Tier _tier;
    private readonly FileDescriptor _file;
    private readonly PartTarget _target;
    private readonly uint _mode;
    private bool _sealed;

    /// <param name="tier">Where it is.</param>
    /// <param name="name">The part's.</param>
    /// <param name="temporaryName">Its own.</param>
    /// <param name="file">Locked as a sign of life.</param>
    /// <param name="length">Of the part.</param>
    /// <param name="mode">Of the part.</param>
    internal PartReservation(Tier tier, PartName name, string temporaryName, FileDescriptor file, long length, uint mode)
    {
        (_tier, Name, TemporaryName, _file, Length, _mode) = (tier, name, temporaryName, file, length, mode);
        _target = new PartTarget(file, length, tier.Folder.Path);
    }

    internal PartName Name { get; }

    internal string TemporaryName { get; }

    /// <summary>Bytes of the finished part.</summary>
    internal long Length { get; }

    internal TierKind Tier => _tier.Kind;

    /// <summary>What loading it has cost, in seconds: parts that cost more stay longer.</summary>
    internal double Cost { get; set; } = 1;

    /// <summary>The part that it is derived from; null when it is decoded from a source.</summary>
    internal PartName? MadeOf { get; set; }

    /// <summary>True when the bytes come from the other tier: then this is no load.</summary>
    internal bool IsCopy { get; set; }

    /// <summary>The hash of all bytes, where whoever writes them knows it.</summary>
    internal UInt128? Hash { get; set; }

    /// <summary>Where the bytes go; disjoint ranges may be written by several threads.</summary>
    internal ByteTarget Target => _target;

    /// <summary>Makes the part visible to all processes and pins it. Nothing may be written afterwards.</summary>
    internal PartPin Seal()
    {
        Finish();
        PartPin pin = _tier.Seal(this);
        _sealed = true;
        return pin;
    }

    /// <summary>Path of the part that it becomes.</summary>
    internal string Path => $"{_tier.Folder.Path}/parts/{Name.Value}";

    /// <summary>The bytes that were written so far. Of a full tmpfs, what was not written must not be touched.</summary>
    internal MappedFile MapFilled() => MappedFile.Map(_file, Length);

    /// <summary>The bytes that were written, to be checked before they are sealed.</summary>
    /// <exception cref="PartException">Their structure is not that of a part.</exception>
    internal PartView Review() => PartView.Open(_file, Length);

    /// <summary>Makes an object's part visible under its name, in place of the one that has it.</summary>
    /// <returns>True when there was one.</returns>
    internal bool Seal(ObjectNames names, bool overwrite)
    {
        Finish();
        return names.Seal(this, overwrite, named: () => _sealed = true);
    }

    /// <summary>No writable mapping outlives the seal (S1), and the file looks like a part only now that it is whole (S7).</summary>
    private void Finish()
    {
        _target.Close();
        bool isCold = Tier == TierKind.Cold;
        if (isCold) { Hash ??= PartHash.Of(_file, Length); }
        PartHash.Record(_file, Hash); // which its last mode forbids
        if (Posix.FChmod(_file.Value, _mode) != 0) { throw PosixException.Last($"Cannot set the mode of part '{Name.Value}'"); }
        if (isCold && Posix.FDataSync(_file.Value) != 0) { throw PosixException.Last("Cannot flush a part to the disk"); }
    }

    public void Dispose()
    {
        _target.Close();
        if (!_sealed) { _tier.Abandon(this); }
        _file.Dispose();
    }
}

/// <summary>Fills a reserved file: by pwrite, or with <c>ANNDATA_CACHE_FILL=map</c> by storing into a mapping.</summary>
/// <remarks>
/// Writing gives a clean error on a full file system, and on tmpfs with small pages it is faster: a dense matrix of
/// 400 MB took 0.3 s written in gathered bands, 1.1 s stored into fresh pages. Storing into a page that has none is
/// SIGBUS, so a range is mapped only once <c>fallocate</c> has given it its pages.
/// </remarks>
internal sealed unsafe class PartTarget(FileDescriptor file, long length, string folder) : ByteTarget
{
    private const int PageBytes = 4096;

    private static readonly bool s_maps = Environment.GetEnvironmentVariable("ANNDATA_CACHE_FILL") == "map";

    private static readonly byte[] s_zeros = new byte[1 << 18];

    private readonly Lock _lock = new(), _writing = new();
    private MappedFile? _mapping;

    internal override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (s_maps && bytes.Length > 0)
        {
            bytes.CopyTo(new Span<byte>(TryGetAddress(offset, bytes.Length), bytes.Length));
            return;
        }

        CheckRange(offset, bytes.Length);
        try
        {
            file.Write(offset, bytes);
        }
        catch (PosixException error) when (error.IsNoSpace)
        {
            throw NoSpace(error);
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
            PosixException error = PosixException.Last($"Cannot allocate {count:N0} bytes in '{folder}'");
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
        }
    }

    private void CheckRange(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length - count);
    }

    private StoreException NoSpace(PosixException error) => new(
        CacheError.NoRoom,
        $"The file system of '{folder}' became full while a part of {length:N0} bytes was written: others fill it too. "
        + "Nothing was kept. Free some of it, or lower the tier's budget so that parts are evicted earlier.",
        error);
}
