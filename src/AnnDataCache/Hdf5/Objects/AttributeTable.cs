using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>The attributes of one object: names at once, values when they are asked for.</summary>
internal sealed class AttributeTable
{
    private readonly FormatSource _source;
    private readonly SortedDictionary<string, (ReadOnlyMemory<byte> Body, long Address)> _bodies =
        new(StringComparer.Ordinal);

    private AttributeTable(FormatSource source) => _source = source;

    internal IReadOnlyList<string> Names => [.. _bodies.Keys];

    internal static AttributeTable Read(FormatSource source, ObjectHeader header)
    {
        AttributeTable table = new(source);
        foreach (HeaderMessage message in header.Messages)
        {
            if (message.Type == MessageType.Attribute)
            {
                table.Add(SharedMessage.Resolve(source, message), message.Address);
            }
            else if (message.Type == MessageType.AttributeInfo)
            {
                table.ReadDense(message);
            }
        }

        return table;
    }

    internal AttributeValue? Find(string name) =>
        _bodies.TryGetValue(name, out (ReadOnlyMemory<byte> Body, long Address) found)
        ? Parse(found.Body.Span, found.Address)
        : null;

    private void Add(ReadOnlyMemory<byte> body, long address)
    {
        FormatReader reader = Open(body.Span, address, out Prefix prefix);
        ReadOnlySpan<byte> name = reader.Take(prefix.NameSize);
        if (name.IndexOf((byte)0) is >= 0 and int end) { name = name[..end]; }
        _bodies[DatatypeParser.Text(name)] = (body, address);
    }

    private void ReadDense(HeaderMessage message)
    {
        FormatReader reader = _source.Reader(message.Body.Span, "attribute info message", message.Address);
        reader.Version(0, 0);
        int flags = reader.Byte();
        if ((flags & 1) != 0) { reader.Skip(2); }
        long heapAddress = reader.Offset(), indexAddress = reader.Offset();
        if (heapAddress == FormatSource.Undefined || indexAddress == FormatSource.Undefined) { return; }
        FractalHeap heap = FractalHeap.Open(_source, heapAddress);
        BTree2.Read(_source, indexAddress, BTree2.AttributeNames, heap.IdSize + 9, (record, at) =>
        {
            byte flags = record[heap.IdSize];
            HeaderMessage stored = new(MessageType.Attribute, flags, heap.Read(record), at);
            Add(SharedMessage.Resolve(_source, stored), at);
        });
    }

    private readonly record struct Prefix(int Version, int Flags, int NameSize, int TypeSize, int SpaceSize);

    private FormatReader Open(ReadOnlySpan<byte> body, long address, out Prefix prefix)
    {
        FormatReader reader = _source.Reader(body, "attribute", address);
        int version = reader.Version(1, 3);
        prefix = new Prefix(version, reader.Byte(), reader.UInt16(), reader.UInt16(), reader.UInt16());
        if (version == 3) { reader.Skip(1); } // character set of the name: UTF-8 contains ASCII
        return reader;
    }

    private AttributeValue Parse(ReadOnlySpan<byte> body, long address)
    {
        FormatReader reader = Open(body, address, out Prefix prefix);
        int flags = prefix.Version == 1 ? 0 : prefix.Flags;
        reader.Skip(prefix.NameSize);
        if (prefix.Version == 1) { reader.Align8(); }
        ReadOnlySpan<byte> type = reader.Take(prefix.TypeSize);
        if (prefix.Version == 1) { reader.Align8(); }
        ReadOnlySpan<byte> space = reader.Take(prefix.SpaceSize);
        if (prefix.Version == 1) { reader.Align8(); }
        if ((flags & 1) != 0) { type = SharedMessage.Follow(_source, MessageType.Datatype, type, address).Span; }
        if ((flags & 2) != 0) { space = SharedMessage.Follow(_source, MessageType.Dataspace, space, address).Span; }
        Datatype datatype = DatatypeParser.Parse(_source, type, address);
        Dataspace dataspace = Dataspace.Parse(_source, space, address);
        long length = checked(dataspace.Count * datatype.Size);
        return AttributeValues.Read(_source, datatype, dataspace, reader.Take((int)Math.Min(int.MaxValue, length)));
    }
}
