using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>A type as the file stores it: what it means, and what must be done to its bytes.</summary>
internal sealed class Datatype
{
    /// <summary>Bytes of one value in the file and as read: no value changes its size.</summary>
    internal int Size => Stored.Size;

    internal required StoredType Stored { get; init; }

    /// <summary>The numbers inside a value whose bytes stand in big-endian order, or hold more bits than count.</summary>
    internal IReadOnlyList<SwapRun> Swaps { get; init; } = [];

    internal StringPadding Padding { get; init; }

    /// <summary>Members of a compound.</summary>
    internal IReadOnlyList<DatatypeMember> Members { get; init; } = [];

    /// <summary>Axes of an array type, whose <see cref="Element"/> is the type of one entry.</summary>
    internal IReadOnlyList<long> ArrayShape { get; init; } = [];

    internal Datatype? Element { get; init; }

    /// <summary>Turns values, as they stand in the file, little-endian in place, each of all its bits.</summary>
    internal void ToLittleEndian(Span<byte> values)
    {
        if (Swaps.Count > 0) { ByteOrder.Swap(values, Size, Swaps); }
    }
}

/// <summary>One member of a compound type.</summary>
internal sealed record DatatypeMember(string Name, int Offset, Datatype Type);

/// <summary>What fills a fixed string up to its size.</summary>
internal enum StringPadding
{
    NullTerminated,
    NullPadded,
    SpacePadded,
}
