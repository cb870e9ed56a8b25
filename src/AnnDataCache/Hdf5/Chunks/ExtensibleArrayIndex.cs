using System.Numerics;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>
/// The chunk index of an array with one unlimited axis. The first entries stand in the index block; then come data
/// blocks, named by the index block at first and by super blocks later, of sizes that double every other super block.
/// </summary>
internal sealed class ExtensibleArrayIndex
{
    private readonly ArrayElements _elements;
    private readonly FormatSource _source;
    private int _maxBits, _indexCount, _minBlock, _minPointers, _pageBits;
    private long _used;

    private ExtensibleArrayIndex(ArrayElements elements) => (_elements, _source) = (elements, elements.Source);

    internal static void Read(
        FormatSource source, long address, ChunkOrder order, ChunkGrid grid, bool isFiltered, ChunkCollector collector)
    {
        byte[] header = source.ReadBlock(address, 16 + (6 * source.LengthSize) + source.OffsetSize, "extensible array");
        FormatReader reader = source.Reader(
            Checksum.Verify(header, "extensible array", address), "extensible array", address);
        reader.Signature("EAHD"u8);
        reader.Version(0, 0);
        int client = reader.Byte(), elementSize = reader.Byte();
        ArrayElements.Check(ref reader, source, isFiltered, client, elementSize);
        ArrayElements elements = new(source, order, grid.ChunkBytes, isFiltered, elementSize, collector);
        ExtensibleArrayIndex index = new(elements)
        {
            _maxBits = reader.Byte(),
            _indexCount = reader.Byte(),
            _minBlock = reader.Byte(),
            _minPointers = reader.Byte(),
            _pageBits = reader.Byte(),
        };
        reader.Skip(4 * source.LengthSize);
        index._used = reader.Length();
        reader.Skip(source.LengthSize);
        long block = reader.Offset();
        if (index._maxBits is 0 or > 63 || index._pageBits > 30 || !BitOperations.IsPow2(index._minBlock)
            || !BitOperations.IsPow2(index._minPointers))
        {
            throw reader.Damaged(
                $"has {index._maxBits} bits, blocks of {index._minBlock}, {index._minPointers} pointers");
        }

        if (block != FormatSource.Undefined) { index.ReadIndexBlock(block); }
    }

    private int SuperBlockCount => 1 + _maxBits - BitOperations.Log2((uint)_minBlock);

    private static long BlocksIn(int superBlock) => 1L << (superBlock / 2);

    private long EntriesIn(int superBlock) => checked((1L << ((superBlock + 1) / 2)) * _minBlock);

    private void ReadIndexBlock(long address)
    {
        int direct = 2 * (_minPointers - 1);
        int firstSuper = 2 * BitOperations.Log2((uint)_minPointers);
        int supers = Math.Max(0, SuperBlockCount - firstSuper);
        long length = 6 + _source.OffsetSize + ((long)_indexCount * _elements.ElementSize)
            + (((long)direct + supers) * _source.OffsetSize) + Checksum.Size;
        byte[] block = _source.ReadBlock(address, length, "extensible array index");
        FormatReader reader = _source.Reader(
            Checksum.Verify(block, "extensible array index", address), "extensible array index", address);
        reader.Signature("EAIB"u8);
        reader.Version(0, 0);
        reader.Skip(1 + _source.OffsetSize);
        long first = 0;
        _elements.Take(ref reader, first, _indexCount);
        first += _indexCount;
        for (int super = 0; super < firstSuper && super < SuperBlockCount; super++)
        {
            for (long i = 0; i < BlocksIn(super); i++)
            {
                ReadDataBlock(reader.Offset(), first, EntriesIn(super), []);
                first += EntriesIn(super);
            }
        }

        for (int super = firstSuper; super < SuperBlockCount && first < _used; super++)
        {
            ReadSuperBlock(reader.Offset(), super, first);
            first = checked(first + (BlocksIn(super) * EntriesIn(super)));
        }
    }

    private void ReadSuperBlock(long address, int super, long first)
    {
        if (address == FormatSource.Undefined) { return; }
        long blocks = BlocksIn(super), entries = EntriesIn(super), pageCount = 1L << _pageBits;
        long bitmap = entries > pageCount ? ((entries / pageCount) + 7) / 8 : 0;
        long length = checked(
            6 + _source.OffsetSize + OffsetBytes + (blocks * (bitmap + _source.OffsetSize)) + Checksum.Size);
        byte[] block = _source.ReadBlock(address, length, "extensible array super block");
        FormatReader reader = _source.Reader(
            Checksum.Verify(block, "extensible array super block", address), "extensible array super block", address);
        reader.Signature("EASB"u8);
        reader.Version(0, 0);
        reader.Skip(1 + _source.OffsetSize + OffsetBytes);
        ReadOnlySpan<byte> bitmaps = reader.Take(checked((int)(blocks * bitmap)));
        for (int i = 0; i < blocks; i++)
        {
            ReadDataBlock(reader.Offset(), first, entries, bitmaps.Slice((int)(i * bitmap), (int)bitmap));
            first += entries;
        }
    }

    private void ReadDataBlock(long address, long first, long count, ReadOnlySpan<byte> usedPages)
    {
        if (address == FormatSource.Undefined) { return; }
        long pageCount = 1L << _pageBits;
        bool isPaged = count > pageCount;
        long entries = isPaged ? 0 : checked(count * _elements.ElementSize);
        long length = checked(6 + _source.OffsetSize + OffsetBytes + entries + Checksum.Size);
        byte[] block = _source.ReadBlock(address, length, "extensible array block");
        FormatReader reader = _source.Reader(
            Checksum.Verify(block, "extensible array block", address), "extensible array block", address);
        reader.Signature("EADB"u8);
        reader.Version(0, 0);
        reader.Skip(1 + _source.OffsetSize + OffsetBytes);
        if (isPaged)
        {
            if (usedPages.IsEmpty)
            {
                throw reader.Damaged("has pages, but the index block does not say which are used");
            }

            _elements.TakePages(address + length, first, count, pageCount, usedPages);
        }
        else
        {
            _elements.Take(ref reader, first, count);
        }
    }

    // Bytes of the field that says where a block begins in the array.
    private int OffsetBytes => (_maxBits + 7) / 8;
}
