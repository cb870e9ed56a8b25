using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Entries of the array-like chunk indexes: an address, and for filtered chunks a length and a mask.</summary>
internal sealed class ArrayElements(
    FormatSource source, ChunkOrder order, long chunkBytes, bool isFiltered, int elementSize, ChunkCollector collector)
{
    internal int ElementSize => elementSize;

    internal FormatSource Source => source;

    /// <summary>Checks what the index's header says of its entries.</summary>
    internal static void Check(
        ref FormatReader reader, FormatSource source, bool isFiltered, int client, int elementSize)
    {
        int smallest = source.OffsetSize + (isFiltered ? 5 : 0), largest = isFiltered ? smallest + 7 : smallest;
        if (client != (isFiltered ? 1 : 0) || elementSize < smallest || elementSize > largest)
        {
            throw reader.Damaged($"has entries of kind {client} and {elementSize} bytes");
        }
    }

    /// <summary>Takes entries that stand side by side, the first of which has this index.</summary>
    internal void Take(ref FormatReader reader, long first, long count)
    {
        for (long i = 0; i < count; i++)
        {
            long address = reader.Offset();
            long length = chunkBytes;
            uint mask = 0;
            if (isFiltered)
            {
                length = reader.Number(elementSize - source.OffsetSize - 4);
                mask = reader.UInt32();
            }

            if (address != FormatSource.Undefined) { collector.Add(order.Number(first + i), address, length, mask); }
        }
    }

    /// <summary>Takes the pages of a data block that are in use; each ends with a checksum.</summary>
    internal void TakePages(long address, long first, long count, long pageCount, ReadOnlySpan<byte> used)
    {
        for (long page = 0, done = 0; done < count; page++)
        {
            long here = Math.Min(pageCount, count - done);
            long length = checked((here * elementSize) + Checksum.Size);
            if ((used[(int)(page / 8)] & (0x80 >> (int)(page % 8))) != 0)
            {
                byte[] block = source.ReadBlock(address, length, "page of a chunk index");
                FormatReader reader = source.Reader(
                    Checksum.Verify(block, "page of a chunk index", address), "page of a chunk index", address);
                Take(ref reader, first + done, here);
            }

            address = checked(address + length);
            done += here;
        }
    }
}
