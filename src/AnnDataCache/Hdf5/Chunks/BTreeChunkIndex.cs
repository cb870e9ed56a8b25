using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Chunk indexes that are trees: the old one, and the one for several unlimited axes.</summary>
internal static class BTreeChunkIndex
{
    internal static void ReadOld(FormatSource source, long root, ChunkGrid grid, ChunkCollector collector)
    {
        long[] at = new long[grid.Rank];
        int keySize = 8 + (8 * (grid.Rank + 1));
        BTree1.Read(source, root, BTree1.Chunks, keySize, (key, child) =>
        {
            FormatReader reader = source.Reader(key, "chunk key", root);
            long length = reader.UInt32();
            uint mask = reader.UInt32();
            for (int i = 0; i < at.Length; i++)
            {
                (at[i], long inside) = Math.DivRem(reader.Number(8), grid.Chunk[i]);
                if (inside != 0) { throw reader.Damaged($"puts a chunk {inside:N0} values off the grid on axis {i}"); }
            }

            collector.Add(grid.Number(at), child, length, mask);
        });
    }

    internal static void ReadNew(
        FormatSource source, long header, ChunkGrid grid, bool isFiltered, ChunkCollector collector)
    {
        long[] at = new long[grid.Rank];
        int size = source.OffsetSize + (8 * grid.Rank);
        byte type = isFiltered ? BTree2.FilteredChunks : BTree2.Chunks;
        BTree2.Read(source, header, type, isFiltered ? size + 5 : size, (record, node) =>
        {
            FormatReader reader = source.Reader(record, "chunk record", node);
            long address = reader.Offset();
            long length = grid.ChunkBytes;
            uint mask = 0;
            if (isFiltered)
            {
                length = reader.Number(record.Length - size - 4);
                mask = reader.UInt32();
            }

            for (int i = 0; i < at.Length; i++) { at[i] = reader.Number(8); }
            collector.Add(grid.Number(at), address, length, mask);
        });
    }
}
