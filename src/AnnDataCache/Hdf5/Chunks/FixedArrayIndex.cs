using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>The chunk index of an array that cannot grow: one block of entries, in pages when it is long.</summary>
internal static class FixedArrayIndex
{
    internal static void Read(
        FormatSource source, long address, ChunkOrder order, ChunkGrid grid, bool isFiltered, ChunkCollector collector)
    {
        byte[] header = source.ReadBlock(address, 12 + source.LengthSize + source.OffsetSize, "fixed array");
        FormatReader reader = source.Reader(Checksum.Verify(header, "fixed array", address), "fixed array", address);
        reader.Signature("FAHD"u8);
        reader.Version(0, 0);
        int client = reader.Byte(), elementSize = reader.Byte(), pageBits = reader.Byte();
        long count = reader.Length(), block = reader.Offset();
        ArrayElements.Check(ref reader, source, isFiltered, client, elementSize);
        if (pageBits > 30 || count < order.Count)
        {
            throw reader.Damaged($"has {count:N0} entries for {order.Count:N0} chunks");
        }

        if (block == FormatSource.Undefined) { return; }
        ArrayElements elements = new(source, order, grid.ChunkBytes, isFiltered, elementSize, collector);
        ReadBlock(elements, block, count, 1L << pageBits);
    }

    private static void ReadBlock(ArrayElements elements, long address, long count, long pageCount)
    {
        FormatSource source = elements.Source;
        bool isPaged = count > pageCount;
        long bitmap = isPaged ? (((count - 1) / pageCount) + 8) / 8 : 0;
        long entries = isPaged ? 0 : checked(count * elements.ElementSize);
        long length = checked(6 + source.OffsetSize + bitmap + entries + Checksum.Size);
        byte[] block = source.ReadBlock(address, length, "fixed array block");
        FormatReader reader = source.Reader(
            Checksum.Verify(block, "fixed array block", address), "fixed array block", address);
        reader.Signature("FADB"u8);
        reader.Version(0, 0);
        reader.Skip(1 + source.OffsetSize);
        if (isPaged)
        {
            elements.TakePages(address + length, 0, count, pageCount, reader.Take((int)bitmap));
        }
        else
        {
            elements.Take(ref reader, 0, count);
        }
    }
}
