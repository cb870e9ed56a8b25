using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Shape of an array or attribute.</summary>
/// <param name="IsNull">Holds nothing at all.</param>
/// <param name="Shape">Empty for a scalar.</param>
/// <param name="MaxShape">What each axis may grow to; <see cref="Unlimited"/> for no limit.</param>
internal sealed record Dataspace(bool IsNull, long[] Shape, long[] MaxShape)
{
    internal const long Unlimited = -1;

    private const int MaxRank = 32;

    /// <summary>Number of values.</summary>
    internal long Count { get; } = IsNull ? 0 : ChunkGrid.Product(Shape);

    internal static Dataspace Parse(FormatSource source, ReadOnlySpan<byte> body, long address)
    {
        FormatReader reader = source.Reader(body, "dataspace", address);
        int version = reader.Version(1, 2);
        int rank = reader.Byte();
        bool hasMax = (reader.Byte() & 1) != 0;
        bool isNull = version == 2 && reader.Byte() == 2;
        if (version == 1) { reader.Skip(5); }
        if (rank > MaxRank) { throw reader.Damaged($"has {rank} axes; HDF5 allows {MaxRank}"); }
        long[] shape = new long[rank];
        for (int i = 0; i < rank; i++) { shape[i] = reader.Length(); }
        long[] max = [.. shape];
        for (int i = 0; hasMax && i < rank; i++)
        {
            ReadOnlySpan<byte> raw = reader.Take(source.LengthSize);
            max[i] = raw.IndexOfAnyExcept((byte)0xFF) < 0
                ? Unlimited
                : source.Reader(raw, "dataspace", address).Length();
            if (max[i] != Unlimited && max[i] < shape[i])
            {
                throw reader.Damaged($"has {shape[i]:N0} entries on axis {i}, of at most {max[i]:N0}");
            }
        }

        return new Dataspace(isNull, shape, max);
    }
}
