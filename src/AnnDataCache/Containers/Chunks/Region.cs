using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>A box of an array, in values. Chunks are gathered in its memory, which is in C order.</summary>
internal readonly struct Region(ChunkGrid grid, long[] start, long[] length)
{
    internal long[] Start => start;

    internal long[] Length => length;

    internal long Bytes => ChunkGrid.Product(length) * grid.ElementSize;

    /// <summary>The whole rows from the first on.</summary>
    internal static Region Rows(ChunkGrid grid, long first, long count)
    {
        long[] start = new long[grid.Rank];
        long[] length = [.. grid.Shape];
        (start[0], length[0]) = (first, count);
        return new Region(grid, start, length);
    }

    /// <summary>Copies what the chunk and the region have in common; a null chunk is fill values.</summary>
    internal unsafe void Gather(ReadOnlySpan<long> chunkAt, byte* chunk, byte* memory, FillValue fill)
    {
        int rank = grid.Rank;
        Span<long> from = stackalloc long[rank], count = stackalloc long[rank], step = stackalloc long[rank];
        long source = 0, target = 0, sourceStride = 1, targetStride = 1;
        Span<long> sourceStep = stackalloc long[rank], targetStep = stackalloc long[rank];
        for (int i = rank - 1; i >= 0; i--)
        {
            long origin = chunkAt[i] * grid.Chunk[i];
            from[i] = Math.Max(origin, start[i]);
            count[i] = Math.Min(Math.Min(origin + grid.Chunk[i], grid.Shape[i]), start[i] + length[i]) - from[i];
            if (count[i] <= 0) { return; }
            source += (from[i] - origin) * sourceStride;
            target += (from[i] - start[i]) * targetStride;
            (sourceStep[i], targetStep[i]) = (sourceStride, targetStride);
            sourceStride *= grid.Chunk[i];
            targetStride *= length[i];
        }

        // Trailing axes that both hold from end to end make one longer run.
        int last = rank - 1;
        long run = count[last];
        while (last > 0 && count[last] == grid.Chunk[last] && count[last] == length[last])
        {
            last--;
            run *= count[last];
        }

        int size = grid.ElementSize;
        step.Clear();
        while (true)
        {
            if (chunk is null)
            {
                Filler.Fill(fill, memory + (target * size), run * size, size);
            }
            else
            {
                Buffer.MemoryCopy(chunk + (source * size), memory + (target * size), run * size, run * size);
            }

            int axis = last - 1;
            for (; axis >= 0; axis--)
            {
                source += sourceStep[axis];
                target += targetStep[axis];
                if (++step[axis] < count[axis]) { break; }
                source -= count[axis] * sourceStep[axis];
                target -= count[axis] * targetStep[axis];
                step[axis] = 0;
            }

            if (axis < 0) { return; }
        }
    }

    /// <summary>Writes the gathered box to its place in the array: one write where it is whole rows.</summary>
    internal unsafe void WriteTo(ByteTarget target, byte* memory)
    {
        int rank = grid.Rank;
        Span<long> stride = stackalloc long[rank], step = stackalloc long[rank];
        long offset = 0, arrayStride = 1;
        for (int i = rank - 1; i >= 0; i--)
        {
            stride[i] = arrayStride;
            offset += start[i] * arrayStride;
            arrayStride *= grid.Shape[i];
        }

        int last = rank - 1;
        long run = length[last];
        while (last > 0 && length[last] == grid.Shape[last])
        {
            last--;
            run *= length[last];
        }

        step.Clear();
        long runBytes = run * grid.ElementSize;
        while (true)
        {
            Filler.Write(target, offset * grid.ElementSize, memory, runBytes, grid.ElementSize);
            memory += runBytes;
            int axis = last - 1;
            for (; axis >= 0; axis--)
            {
                offset += stride[axis];
                if (++step[axis] < length[axis]) { break; }
                offset -= length[axis] * stride[axis];
                step[axis] = 0;
            }

            if (axis < 0) { return; }
        }
    }
}
