using System.Collections.Concurrent;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>The bytes of one HDF5 file from its signature on: every address in the file counts from there.</summary>
internal sealed class FormatSource(SourceFile file, long start) : IDisposable
{
    /// <summary>The address that means "nothing is stored".</summary>
    internal const long Undefined = -1;

    // No structure that is read as one piece comes near this; what does is damage, and must not cost memory.
    private const long MaxBlock = 256L << 20;

    internal string FilePath => file.Path;

    /// <summary>Bytes from the signature to the end of the file: no stored thing can be longer.</summary>
    internal long Length => file.Length - start;

    /// <summary>Bytes from the signature to where the file ended when it was closed; 0 where that is not known.</summary>
    internal long ClosedLength { get; set; }

    /// <summary>Bytes of an address in this file: 2, 4 or 8.</summary>
    internal int OffsetSize { get; set; } = 8;

    /// <summary>Bytes of a length in this file: 2, 4 or 8.</summary>
    internal int LengthSize { get; set; } = 8;

    /// <summary>Where shared messages are; set once the superblock has been read.</summary>
    internal SharedMessageTable? SharedMessages { get; set; }

    /// <summary>Readers of variable-length values that nobody uses now, with memory and collections to be used again.</summary>
    internal ConcurrentBag<GlobalHeap> IdleHeaps { get; } = [];

    internal bool IsUnchanged() => file.IsUnchanged();

    internal void Read(long address, Span<byte> bytes)
    {
        Check(address, bytes.Length, "data");
        file.Read(start + address, bytes);
    }

    /// <summary>Reads a structure whole.</summary>
    /// <exception cref="DamagedContainerException">It is not inside the file, or longer than any such structure.</exception>
    internal byte[] ReadBlock(long address, long length, string what)
    {
        Check(address, length, what);
        if (length > MaxBlock)
        {
            throw new DamagedContainerException(
                $"The {what} at {address:N0} claims {length:N0} bytes; the limit is {MaxBlock:N0}.");
        }

        byte[] block = new byte[length];
        file.Read(start + address, block);
        return block;
    }

    /// <summary>Bytes that can be read at the address, at most <paramref name="wanted"/>.</summary>
    internal byte[] ReadUpTo(long address, int wanted, string what)
    {
        Check(address, 0, what);
        return ReadBlock(address, Math.Min(wanted, Length - address), what);
    }

    internal void Check(long address, long length, string what)
    {
        if (address < 0 || length < 0 || address > Length - length)
        {
            throw new DamagedContainerException(
                $"The {what} of {length:N0} bytes at address {address:N0} is not inside "
                + $"the {Length:N0} bytes of the file{Truncation}.");
        }
    }

    private string Truncation => ClosedLength > Length ? $", which is truncated: it had {ClosedLength:N0}; copy or download it again" : "";

    internal FormatReader Reader(ReadOnlySpan<byte> bytes, string what, long address) =>
        new(bytes, OffsetSize, LengthSize, what, address);

    public void Dispose() => file.Dispose();
}
