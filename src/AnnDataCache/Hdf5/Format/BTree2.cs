using System.Numerics;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Walks a version 2 B-tree: the index of heaps, dense links and attributes, and some chunked arrays.</summary>
internal sealed class BTree2
{
    internal const byte HugeIndirect = 1, HugeFilteredIndirect = 2, LinkNames = 5, AttributeNames = 8,
        Chunks = 10, FilteredChunks = 11;

    private const int MaxDepth = 16;
    private const int NodePrefix = 6; // signature, version, type

    private readonly FormatSource _source;
    private readonly Visitor _visit;
    private readonly HashSet<long> _seen = [];
    private readonly byte _type;
    private readonly int _nodeSize, _recordSize;
    private readonly int _countWidth;
    private readonly int[] _totalWidth; // by level, of the number of records below a node

    /// <summary>Told each record and the address of its node.</summary>
    internal delegate void Visitor(ReadOnlySpan<byte> record, long node);

    private BTree2(FormatSource source, byte type, int nodeSize, int recordSize, int depth, Visitor visit)
    {
        (_source, _type, _nodeSize, _recordSize, _visit) = (source, type, nodeSize, recordSize, visit);
        long leafMax = (nodeSize - NodePrefix - Checksum.Size) / recordSize;
        _countWidth = BytesFor(leafMax);
        _totalWidth = new int[depth + 1];
        long total = leafMax;
        for (int level = 1; level <= depth; level++)
        {
            int pointer = source.OffsetSize + _countWidth + _totalWidth[level - 1];
            long max = Math.Max(0, (nodeSize - NodePrefix - Checksum.Size - pointer) / (recordSize + pointer));
            // A tree with more records than bytes in any file is damage that the node counts will show.
            total = (long)UInt128.Min(long.MaxValue / 2, (((UInt128)max + 1) * (UInt128)total) + (UInt128)max);
            _totalWidth[level] = BytesFor(total);
        }
    }

    /// <summary>Visits all records in order.</summary>
    /// <param name="source">The file.</param>
    /// <param name="address">Of the header.</param>
    /// <param name="type">The type that the records must have.</param>
    /// <param name="minRecordSize">Bytes that the visitor relies on.</param>
    /// <param name="visit">Called for each record.</param>
    internal static void Read(FormatSource source, long address, byte type, int minRecordSize, Visitor visit)
    {
        byte[] block = source.ReadBlock(address, 22 + source.OffsetSize + source.LengthSize, "B-tree header");
        FormatReader reader = source.Reader(Checksum.Verify(block, "B-tree header", address), "B-tree header", address);
        reader.Signature("BTHD"u8);
        reader.Version(0, 0);
        byte found = reader.Byte();
        int nodeSize = reader.Int32(), recordSize = reader.UInt16(), depth = reader.UInt16();
        reader.Skip(2);
        long root = reader.Offset();
        int count = reader.UInt16();
        if (found != type || recordSize < minRecordSize || depth > MaxDepth
            || nodeSize < NodePrefix + Checksum.Size + recordSize)
        {
            throw reader.Damaged(
                $"has records of type {found} and {recordSize} bytes in nodes of {nodeSize:N0}, depth {depth}; "
                + $"type {type} and at least {minRecordSize} bytes are expected");
        }

        if (root == FormatSource.Undefined) { return; }
        new BTree2(source, type, nodeSize, recordSize, depth, visit).ReadNode(root, count, depth);
    }

    private void ReadNode(long address, long count, int level)
    {
        if (!_seen.Add(address))
        {
            throw new DamagedContainerException($"The B-tree node at {address:N0} is reached twice.");
        }

        int pointer = level == 0 ? 0 : _source.OffsetSize + _countWidth + _totalWidth[level - 1];
        long length = checked(NodePrefix + (count * (_recordSize + pointer)) + pointer + Checksum.Size);
        if (length > _nodeSize)
        {
            throw new DamagedContainerException(
                $"The B-tree node at {address:N0} is said to hold {count:N0} records; it has {_nodeSize:N0} bytes.");
        }

        byte[] block = _source.ReadBlock(address, length, "B-tree node");
        ReadOnlySpan<byte> verified = Checksum.Verify(block, "B-tree node", address);
        FormatReader reader = _source.Reader(verified, "B-tree node", address);
        reader.Signature(level == 0 ? "BTLF"u8 : "BTIN"u8);
        reader.Version(0, 0);
        if (reader.Byte() is byte found && found != _type)
        {
            throw reader.Damaged($"is of type {found}; {_type} is expected");
        }

        ReadOnlySpan<byte> records = reader.Take((int)count * _recordSize);
        for (int i = 0; i <= count; i++)
        {
            if (level > 0)
            {
                long child = reader.Offset(), childCount = reader.Number(_countWidth);
                if (level > 1) { reader.Skip(_totalWidth[level - 1]); }
                ReadNode(child, childCount, level - 1);
            }

            if (i < count) { _visit(records.Slice(i * _recordSize, _recordSize), address); }
        }
    }

    /// <summary>Bytes that a number needs which can be as large as this.</summary>
    internal static int BytesFor(long limit) => (BitOperations.Log2((ulong)Math.Max(1, limit)) / 8) + 1;
}
