using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>
/// How the array-like indexes number chunks: in C order of the grid of the <em>maximal</em> shape, so that growth moves
/// nothing; the extensible array counts its unlimited axis first.
/// </summary>
internal sealed class ChunkOrder
{
    private readonly ChunkGrid _grid;
    private readonly int[] _axes;
    private readonly long[] _counts;

    internal ChunkOrder(ChunkGrid grid, int unlimitedAxis)
    {
        _grid = grid;
        _axes = new int[grid.Rank];
        int next = unlimitedAxis < 0 ? 0 : 1;
        for (int axis = 0; axis < grid.Rank; axis++) { _axes[axis == unlimitedAxis ? 0 : next++] = axis; }
        _counts = new long[grid.Rank];
        long count = 1;
        for (int i = 0; i < grid.Rank; i++)
        {
            int axis = _axes[i];
            bool isUnlimited = grid.MaxShape[axis] == Dataspace.Unlimited;
            if (isUnlimited != (axis == unlimitedAxis))
            {
                throw new DamagedContainerException("The chunk index does not suit the unlimited axes of the array.");
            }

            _counts[i] = ChunkGrid.CountOn(isUnlimited ? grid.Shape[axis] : grid.MaxShape[axis], grid.Chunk[axis]);
            count = checked(count * _counts[i]);
        }

        Count = count;
    }

    /// <summary>Chunks in the maximal shape (the current one, on an unlimited axis).</summary>
    internal long Count { get; }

    internal static ChunkOrder UnlimitedFirst(ChunkGrid grid) =>
        new(grid, Array.IndexOf(grid.MaxShape, Dataspace.Unlimited));

    /// <summary>The index of a chunk.</summary>
    internal long Index(ReadOnlySpan<long> coordinates)
    {
        long index = 0;
        for (int i = 0; i < _axes.Length; i++) { index = (index * _counts[i]) + coordinates[_axes[i]]; }
        return index;
    }

    /// <summary>The number, in the current grid, of the chunk with this index; -1 outside the current shape.</summary>
    internal long Number(long index)
    {
        Span<long> at = stackalloc long[_axes.Length];
        for (int i = _axes.Length - 1; i > 0; i--)
        {
            (index, at[_axes[i]]) = Math.DivRem(index, _counts[i]);
        }

        at[_axes[0]] = index;
        return _grid.Number(at);
    }
}
