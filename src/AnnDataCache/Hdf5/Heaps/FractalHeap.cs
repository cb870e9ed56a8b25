using System.Buffers.Binary;
using System.Numerics;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>
/// A heap of small objects in blocks of doubling size: where dense links and attributes lie. An object is found by the
/// offset in the heap's own address space, which counts the headers of its blocks too.
/// </summary>
internal sealed class FractalHeap
{
    private readonly FormatSource _source;
    private readonly long _address;
    private readonly Dictionary<long, byte[]> _blocks = [];
    private int _maxOffsetBits, _offsetBytes, _lengthBytes, _width;
    private long _startSize, _maxDirectSize, _root;
    private long _hugeIndex;
    private int _rootRows;
    private bool _hasBlockChecksums;
    private Dictionary<long, (long Address, long Length)>? _huge;

    private FractalHeap(FormatSource source, long address) => (_source, _address) = (source, address);

    /// <summary>Bytes of the identifiers that lead into this heap.</summary>
    internal int IdSize { get; private set; }

    internal static FractalHeap Open(FormatSource source, long address)
    {
        FractalHeap heap = new(source, address);
        heap.ReadHeader();
        return heap;
    }

    /// <summary>The object that an identifier stands for.</summary>
    internal ReadOnlyMemory<byte> Read(ReadOnlySpan<byte> id)
    {
        FormatReader reader = _source.Reader(id[..IdSize], "heap identifier", _address);
        int head = reader.Byte();
        return (head >> 4 & 3, head >> 6) switch
        {
            (0, 0) => Managed(reader.Number(_offsetBytes), reader.Number(_lengthBytes)),
            (1, 0) => Huge(ref reader),
            (2, 0) => Tiny(ref reader, head),
            _ => throw reader.Damaged($"is of kind 0x{head:X2}"),
        };
    }

    private void ReadHeader()
    {
        int size = 26 + (12 * _source.LengthSize) + (3 * _source.OffsetSize);
        byte[] block = _source.ReadBlock(_address, size, "fractal heap");
        FormatReader reader = _source.Reader(block, "fractal heap", _address);
        reader.Signature("FRHP"u8);
        reader.Version(0, 0);
        IdSize = reader.UInt16();
        int filterSize = reader.UInt16();
        if (filterSize != 0)
        {
            throw new UnsupportedContainerException(
                $"The fractal heap at {_address:N0} is compressed, which is not read.");
        }

        Checksum.Verify(block, "fractal heap", _address);
        _hasBlockChecksums = (reader.Byte() & 2) != 0;
        long maxManaged = reader.UInt32();
        reader.Skip(_source.LengthSize); // next identifier of a huge object
        _hugeIndex = reader.Offset();
        reader.Skip(_source.LengthSize);
        reader.Offset();
        reader.Skip(8 * _source.LengthSize); // statistics
        _width = reader.UInt16();
        _startSize = reader.Length();
        _maxDirectSize = reader.Length();
        _maxOffsetBits = reader.UInt16();
        reader.Skip(2);
        _root = reader.Offset();
        _rootRows = reader.UInt16();
        if (!BitOperations.IsPow2(_startSize) || !BitOperations.IsPow2(_maxDirectSize) || _startSize > _maxDirectSize
            || _width == 0 || _maxOffsetBits is 0 or > 63 || IdSize < 2 || maxManaged == 0)
        {
            throw reader.Damaged(
                $"has blocks of {_startSize:N0} to {_maxDirectSize:N0} bytes, {_width} wide, {_maxOffsetBits} bits");
        }

        _offsetBytes = (_maxOffsetBits + 7) / 8;
        _lengthBytes = Math.Min((BitOperations.Log2((ulong)_maxDirectSize) + 7) / 8, BTree2.BytesFor(maxManaged));
    }

    private ReadOnlyMemory<byte> Managed(long offset, long length)
    {
        (byte[] block, long start) = _rootRows == 0
            ? (Direct(_root, _startSize), 0)
            : FindDirect(offset);
        long at = offset - start;
        return at >= 0 && at <= block.Length - length
            ? block.AsMemory((int)at, (int)length)
            : throw Damaged(
                $"object of {length:N0} bytes at {offset:N0} that is not inside its block of {block.Length:N0}");
    }

    // Descends from the root's indirect block to the direct block that holds the offset. Each step down leads to a
    // smaller block, so the walk ends.
    private (byte[] Block, long Start) FindDirect(long offset)
    {
        long address = _root, start = 0;
        int rows = _rootRows;
        int directRows = BitOperations.Log2((ulong)_maxDirectSize) - BitOperations.Log2((ulong)_startSize) + 2;
        while (true)
        {
            (int row, int column, long childStart) = Locate(offset - start, rows);
            byte[] indirect = Indirect(address, rows);
            int entry = (row * _width) + column;
            int prefix = 5 + _source.OffsetSize + _offsetBytes;
            FormatReader reader = _source.Reader(indirect.AsSpan(prefix), "fractal heap block", address);
            reader.Skip(checked(entry * _source.OffsetSize));
            address = reader.Offset();
            start += childStart;
            if (row < directRows) { return (Direct(address, BlockSize(row)), start); }
            int childRows = 1 + BitOperations.Log2((ulong)BlockSize(row))
                - BitOperations.Log2((ulong)(_startSize * _width));
            if (childRows >= rows || childRows < 1) { throw Damaged($"block of {childRows} rows below one of {rows}"); }
            rows = childRows;
        }
    }

    private (int Row, int Column, long Start) Locate(long offset, int rows)
    {
        long start = 0;
        for (int row = 0; row < rows; row++)
        {
            long size = BlockSize(row);
            long rowSize = checked(size * _width);
            if (offset >= start && offset - start < rowSize)
            {
                long column = (offset - start) / size;
                return (row, (int)column, start + (column * size));
            }

            start = checked(start + rowSize);
        }

        throw Damaged($"object at {offset:N0}, after its last block");
    }

    private long BlockSize(int row) => row < 2 ? _startSize : checked(_startSize * (1L << Math.Min(row - 1, 62)));

    private byte[] Direct(long address, long size) =>
        Block(address, size, "FHDB"u8, hasChecksum: false);

    private byte[] Indirect(long address, int rows)
    {
        long entries = (long)rows * _width;
        long size = 5 + _source.OffsetSize + _offsetBytes + (entries * _source.OffsetSize) + Checksum.Size;
        return Block(address, size, "FHIB"u8, hasChecksum: true);
    }

    private byte[] Block(long address, long size, ReadOnlySpan<byte> signature, bool hasChecksum)
    {
        if (_blocks.TryGetValue(address, out byte[]? known)) { return known; }
        byte[] block = _source.ReadBlock(address, size, "fractal heap block");
        FormatReader reader = _source.Reader(block, "fractal heap block", address);
        reader.Signature(signature);
        reader.Version(0, 0);
        if (reader.Offset() is long owner && owner != _address)
        {
            throw reader.Damaged($"belongs to the heap at {owner:N0}");
        }

        if (hasChecksum) { Checksum.Verify(block, "fractal heap block", address); }
        if (!hasChecksum && _hasBlockChecksums) { VerifyDirect(block, address, reader.Position + _offsetBytes); }
        return _blocks[address] = block;
    }

    // A direct block's checksum stands after its header and counts itself as zero.
    private static void VerifyDirect(byte[] block, long address, int at)
    {
        Span<byte> field = block.AsSpan(at, Checksum.Size);
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(field);
        field.Clear();
        if (Checksum.Compute(block) != stored)
        {
            throw new DamagedContainerException(
                $"The fractal heap block at {address:N0} does not have its checksum {stored:X8}.");
        }
    }

    private ReadOnlyMemory<byte> Huge(ref FormatReader reader)
    {
        if (reader.Remaining >= _source.OffsetSize + _source.LengthSize)
        {
            long direct = reader.Offset();
            return _source.ReadBlock(direct, reader.Length(), "huge heap object");
        }

        long id = reader.Number(Math.Min(reader.Remaining, _source.LengthSize));
        _huge ??= ReadHuge();
        return _huge.TryGetValue(id, out (long Address, long Length) found)
            ? _source.ReadBlock(found.Address, found.Length, "huge heap object")
            : throw Damaged($"huge object {id:N0} that its index does not know");
    }

    private Dictionary<long, (long, long)> ReadHuge()
    {
        Dictionary<long, (long, long)> huge = [];
        int size = _source.OffsetSize + (2 * _source.LengthSize);
        BTree2.Read(_source, _hugeIndex, BTree2.HugeIndirect, size, (record, at) =>
        {
            FormatReader reader = _source.Reader(record, "huge object record", at);
            long address = reader.Offset(), length = reader.Length();
            huge[reader.Length()] = (address, length);
        });
        return huge;
    }

    private byte[] Tiny(ref FormatReader reader, int head)
    {
        int length = head & 0xF;
        if (IdSize > 17) { length = (length << 8) | reader.Byte(); }
        return reader.Take(length + 1).ToArray();
    }

    private DamagedContainerException Damaged(string problem) =>
        new($"The fractal heap at {_address:N0} has an {problem}.");
}
