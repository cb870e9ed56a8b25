using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Walks a version 1 B-tree: the index of old groups and of old chunked arrays.</summary>
internal sealed class BTree1
{
    internal const byte Groups = 0, Chunks = 1;

    private const int MaxDepth = 32;

    private readonly FormatSource _source;
    private readonly byte _type;
    private readonly int _keySize;
    private readonly Visitor _visit;
    private readonly HashSet<long> _seen = [];

    /// <summary>Told each leaf entry: the key before it, and its address.</summary>
    internal delegate void Visitor(ReadOnlySpan<byte> key, long child);

    private BTree1(FormatSource source, byte type, int keySize, Visitor visit) =>
        (_source, _type, _keySize, _visit) = (source, type, keySize, visit);

    internal static void Read(FormatSource source, long root, byte type, int keySize, Visitor visit) =>
        new BTree1(source, type, keySize, visit).ReadNode(root, expectedLevel: -1);

    private void ReadNode(long address, int expectedLevel)
    {
        if (!_seen.Add(address))
        {
            throw new DamagedContainerException($"The B-tree node at {address:N0} is reached twice.");
        }

        int prefix = 8 + (2 * _source.OffsetSize);
        byte[] start = _source.ReadBlock(address, prefix, "B-tree node");
        FormatReader reader = _source.Reader(start, "B-tree node", address);
        reader.Signature("TREE"u8);
        byte type = reader.Byte(), level = reader.Byte();
        int count = reader.UInt16();
        if (type != _type || level > MaxDepth || (expectedLevel >= 0 && level != expectedLevel))
        {
            throw reader.Damaged(
                $"is of type {type} and level {level}; type {_type} and level {expectedLevel} are expected");
        }

        int entrySize = _keySize + _source.OffsetSize;
        byte[] entries = _source.ReadBlock(address + prefix, (long)count * entrySize, "B-tree node");
        reader = _source.Reader(entries, "B-tree node", address);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> key = reader.Take(_keySize);
            long child = reader.Offset();
            if (level == 0)
            {
                _visit(key, child);
            }
            else
            {
                ReadNode(child, level - 1);
            }
        }
    }
}
