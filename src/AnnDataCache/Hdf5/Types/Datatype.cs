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

/// <summary>Numbers side by side inside a value.</summary>
/// <param name="Offset">Bytes from the start of the value.</param>
/// <param name="Width">Bytes of one number.</param>
/// <param name="Count">How many follow each other.</param>
/// <param name="IsBig">Whether the bytes stand in big-endian order.</param>
/// <param name="Bits">The bits that count, where these are not all; they are counted in little-endian order.</param>
internal readonly record struct SwapRun(int Offset, int Width, int Count, bool IsBig, UsedBits? Bits);

/// <summary>The bits of a number that count; what the others hold is undefined.</summary>
internal readonly record struct UsedBits(int Offset, int Count, bool IsSigned);

/// <summary>What fills a fixed string up to its size.</summary>
internal enum StringPadding
{
    NullTerminated,
    NullPadded,
    SpacePadded,
}
