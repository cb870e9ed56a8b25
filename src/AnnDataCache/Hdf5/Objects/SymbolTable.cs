using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>The oldest form of a group: a B-tree of nodes of symbols, whose names lie in a local heap.</summary>
internal sealed class SymbolTable
{
    private const int EntryTail = 24; // cache type, a spare word, and 16 bytes whose meaning the cache type gives
    private const uint SoftLink = 2;

    private readonly FormatSource _source;
    private readonly byte[] _names;
    private readonly long _namesAddress;
    private readonly Action<Link> _add;

    private SymbolTable(FormatSource source, long heapAddress, Action<Link> add)
    {
        byte[] heap = source.ReadBlock(heapAddress, 8 + (2 * source.LengthSize) + source.OffsetSize, "local heap");
        FormatReader reader = source.Reader(heap, "local heap", heapAddress);
        reader.Signature("HEAP"u8);
        reader.Version(0, 0);
        reader.Skip(3);
        long length = reader.Length();
        reader.Skip(source.LengthSize); // head of the free list: may well say "none"
        (_source, _add, _namesAddress) = (source, add, reader.Offset());
        _names = source.ReadBlock(_namesAddress, length, "local heap data");
    }

    internal static void Read(FormatSource source, HeaderMessage message, Action<Link> add)
    {
        FormatReader reader = source.Reader(message.Body.Span, "symbol table message", message.Address);
        long tree = reader.Offset(), heap = reader.Offset();
        SymbolTable table = new(source, heap, add);
        BTree1.Read(source, tree, BTree1.Groups, source.LengthSize, (_, child) => table.ReadNode(child));
    }

    private void ReadNode(long address)
    {
        int entrySize = (2 * _source.OffsetSize) + EntryTail;
        byte[] start = _source.ReadBlock(address, 8, "symbol table node");
        FormatReader reader = _source.Reader(start, "symbol table node", address);
        reader.Signature("SNOD"u8);
        reader.Version(1, 1);
        reader.Skip(1);
        int count = reader.UInt16();
        byte[] entries = _source.ReadBlock(address + 8, (long)count * entrySize, "symbol table node");
        reader = _source.Reader(entries, "symbol table node", address);
        for (int i = 0; i < count; i++)
        {
            string name = Name(reader.Offset());
            long target = reader.Offset();
            uint cacheType = reader.UInt32();
            reader.Skip(4);
            uint scratch = reader.UInt32();
            reader.Skip(12);
            _add(cacheType == SoftLink
                ? new Link(name, LinkKind.Soft, 0, Name(scratch), "")
                : new Link(name, LinkKind.Hard, target, "", ""));
        }
    }

    private string Name(long offset)
    {
        if (offset < 0 || offset >= _names.Length)
        {
            throw new DamagedContainerException(
                $"A name at {offset:N0} is not inside the {_names.Length:N0} bytes "
                + $"of the local heap at {_namesAddress:N0}.");
        }

        FormatReader reader = _source.Reader(_names.AsSpan((int)offset), "local heap data", _namesAddress + offset);
        return DatatypeParser.Text(reader.NulTerminated());
    }
}
