using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

internal enum LayoutKind
{
    Compact,
    Contiguous,
    Chunked,
    Virtual,
}

/// <summary>How the addresses of chunks are found.</summary>
internal enum ChunkIndexKind
{
    BTree1 = 0,
    Single = 1,
    Implicit = 2,
    FixedArray = 3,
    ExtensibleArray = 4,
    BTree2 = 5,
}

/// <summary>Where the values of an array lie.</summary>
internal sealed record Layout(LayoutKind Kind)
{
    /// <summary>Of the values, or of the chunk index; undefined when nothing was written.</summary>
    internal long Address { get; init; } = FormatSource.Undefined;

    /// <summary>Bytes of a contiguous array, or -1 where the message does not say.</summary>
    internal long Length { get; init; } = -1;

    internal ReadOnlyMemory<byte> CompactData { get; init; }

    /// <summary>Shape of a chunk in values; one axis per axis of the array.</summary>
    internal long[] Chunk { get; init; } = [];

    internal ChunkIndexKind Index { get; init; }

    /// <summary>The compressed length and the filters left out of the only chunk, where they are kept in the message.</summary>
    internal (long Length, uint FilterMask)? FilteredSingle { get; init; }

    /// <summary>True when chunks that reach past the array's edge are stored without filters.</summary>
    internal bool EdgeChunksAreUnfiltered { get; init; }

    internal static Layout Parse(FormatSource source, ReadOnlyMemory<byte> body, long address)
    {
        FormatReader reader = source.Reader(body.Span, "layout message", address);
        int version = reader.Version(1, 5);
        if (version < 3) { return ParseOld(ref reader, body); }
        int kind = reader.Byte();
        switch (kind)
        {
            case 0:
                int size = reader.UInt16();
                int at = reader.Position;
                reader.Skip(size);
                return new Layout(LayoutKind.Compact) { CompactData = body.Slice(at, size), Length = size };
            case 1:
                return new Layout(LayoutKind.Contiguous) { Address = reader.Offset(), Length = reader.Length() };
            case 2:
                return version == 3 ? ParseBTree1(ref reader) : ParseIndexed(ref reader);
            case 3:
                return new Layout(LayoutKind.Virtual);
            default:
                throw reader.Damaged($"has layout class {kind}");
        }
    }

    private static Layout ParseOld(ref FormatReader reader, ReadOnlyMemory<byte> body)
    {
        int rank = reader.Byte(), kind = reader.Byte();
        reader.Skip(5);
        long data = kind == 0 ? FormatSource.Undefined : reader.Offset();
        long[] axes = Axes(ref reader, rank, 4);
        switch (kind)
        {
            case 0:
                int size = reader.Int32();
                int at = reader.Position;
                reader.Skip(size);
                return new Layout(LayoutKind.Compact) { CompactData = body.Slice(at, size), Length = size };
            case 1:
                return new Layout(LayoutKind.Contiguous) { Address = data };
            case 2:
                return new Layout(LayoutKind.Chunked) { Address = data, Chunk = WithoutElement(ref reader, axes) };
            default:
                throw reader.Damaged($"has layout class {kind}");
        }
    }

    private static Layout ParseBTree1(ref FormatReader reader)
    {
        int rank = reader.Byte();
        long address = reader.Offset();
        long[] chunk = WithoutElement(ref reader, Axes(ref reader, rank, 4));
        return new Layout(LayoutKind.Chunked) { Address = address, Chunk = chunk };
    }

    private static Layout ParseIndexed(ref FormatReader reader)
    {
        int flags = reader.Byte(), rank = reader.Byte(), width = reader.Byte();
        long[] chunk = WithoutElement(ref reader, Axes(ref reader, rank, width));
        int index = reader.Byte();
        (long, uint)? single = null;
        switch ((ChunkIndexKind)index)
        {
            case ChunkIndexKind.Single:
                if ((flags & 2) != 0) { single = (reader.Length(), reader.UInt32()); }
                break;
            case ChunkIndexKind.Implicit:
                break;
            case ChunkIndexKind.FixedArray:
                reader.Skip(1); // how the index was made; its own header says it again
                break;
            case ChunkIndexKind.ExtensibleArray:
                reader.Skip(5);
                break;
            case ChunkIndexKind.BTree2:
                reader.Skip(6);
                break;
            default:
                throw reader.Damaged($"has chunk index {index}");
        }

        return new Layout(LayoutKind.Chunked)
        {
            Address = reader.Offset(),
            Chunk = chunk,
            Index = (ChunkIndexKind)index,
            FilteredSingle = single,
            EdgeChunksAreUnfiltered = (flags & 1) != 0,
        };
    }

    private static long[] Axes(ref FormatReader reader, int rank, int width)
    {
        if (rank > 33) { throw reader.Damaged($"has {rank} axes; HDF5 allows 32 and one for the value"); }
        long[] axes = new long[rank];
        for (int i = 0; i < rank; i++) { axes[i] = reader.Number(width); }
        return axes;
    }

    // The last "axis" is the size of a value, which the datatype says too.
    private static long[] WithoutElement(ref FormatReader reader, long[] axes) =>
        axes.Length > 1 && !axes.AsSpan().Contains(0)
            ? axes[..^1]
            : throw reader.Damaged("has no chunk shape, or an axis of 0");
}
