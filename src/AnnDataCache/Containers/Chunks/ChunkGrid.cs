namespace AnnDataCache.Containers;

/// <summary>How an array is cut into chunks. Chunks are numbered in C order of the grid of the current shape.</summary>
internal sealed class ChunkGrid
{
    internal ChunkGrid(long[] shape, long[] maxShape, long[] chunk, int elementSize)
    {
        if (chunk.Length != shape.Length)
        {
            throw new DamagedContainerException($"The array has {shape.Length} axes, its chunks have {chunk.Length}.");
        }

        (Shape, MaxShape, Chunk, ElementSize) = (shape, maxShape, chunk, elementSize);
        Counts = new long[shape.Length];
        for (int i = 0; i < shape.Length; i++) { Counts[i] = CountOn(shape[i], chunk[i]); }
        Count = ChunkGrid.Product(Counts);
        ChunkBytes = checked(ChunkGrid.Product(chunk) * elementSize);
        TotalBytes = checked(ChunkGrid.Product(shape) * elementSize);
        IsRun = ChunksAreRuns();
    }

    internal long[] Shape { get; }

    internal long[] MaxShape { get; }

    internal long[] Chunk { get; }

    internal int ElementSize { get; }

    /// <summary>Chunks along each axis.</summary>
    internal long[] Counts { get; }

    internal long Count { get; }

    /// <summary>Bytes of one whole chunk: those at the edge are stored whole too.</summary>
    internal long ChunkBytes { get; }

    internal long TotalBytes { get; }

    internal int Rank => Shape.Length;

    /// <summary>True when every chunk is one run of the array's bytes (clipped at its end).</summary>
    internal bool IsRun { get; }

    internal static long CountOn(long length, long chunk) => length == 0 ? 0 : ((length - 1) / chunk) + 1;

    /// <exception cref="OverflowException">Not below 2^63.</exception>
    internal static long Product(ReadOnlySpan<long> lengths)
    {
        long product = 1;
        foreach (long length in lengths) { product = checked(product * length); }
        return product;
    }

    /// <summary>The coordinates of a chunk in the grid.</summary>
    internal void Locate(long number, Span<long> coordinates)
    {
        for (int i = Rank - 1; i >= 0; i--)
        {
            (number, coordinates[i]) = Math.DivRem(number, Counts[i]);
        }
    }

    /// <summary>The number of the chunk at these coordinates, or -1 outside the current shape.</summary>
    internal long Number(ReadOnlySpan<long> coordinates)
    {
        long number = 0;
        for (int i = 0; i < Rank; i++)
        {
            if (coordinates[i] < 0 || coordinates[i] >= Counts[i]) { return -1; }
            number = (number * Counts[i]) + coordinates[i];
        }

        return number;
    }

    /// <summary>True when the chunk reaches past the array's edge.</summary>
    internal bool IsPartial(long number)
    {
        Span<long> at = stackalloc long[Rank];
        Locate(number, at);
        for (int i = 0; i < Rank; i++)
        {
            if (at[i] == Counts[i] - 1 && Shape[i] % Chunk[i] != 0) { return true; }
        }

        return false;
    }

    private bool ChunksAreRuns()
    {
        int axis = 0;
        while (axis < Rank && Chunk[axis] == 1) { axis++; }
        for (axis++; axis < Rank; axis++)
        {
            if (Chunk[axis] != Shape[axis]) { return false; }
        }

        return true;
    }
}
