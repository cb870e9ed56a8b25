using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Values that lie side by side.</summary>
internal sealed class FlatValueReader(FlatArray array, int valueSize) : ValueReader
{
    internal override void Read(long first, long count, Span<byte> destination) =>
        array.ReadAt(first * valueSize, destination[..checked((int)(count * valueSize))]);

    public override void Dispose()
    {
    }
}
