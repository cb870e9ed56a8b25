using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Gathers the links of a group from whichever of the three forms it has: table, messages, heap.</summary>
internal static class GroupLinks
{
    internal static bool IsGroup(ObjectHeader header) =>
        header.Find(MessageType.SymbolTable) is not null || header.Find(MessageType.LinkInfo) is not null
        || header.Find(MessageType.Link) is not null;

    internal static Dictionary<string, Link> Read(FormatSource source, ObjectHeader header)
    {
        Dictionary<string, Link> links = new(StringComparer.Ordinal);
        foreach (HeaderMessage message in header.Messages)
        {
            switch (message.Type)
            {
                case MessageType.SymbolTable:
                    SymbolTable.Read(source, message, Add);
                    break;
                case MessageType.Link:
                    ReadOnlyMemory<byte> body = SharedMessage.Resolve(source, message);
                    Add(Link.Parse(source, body.Span, message.Address));
                    break;
                case MessageType.LinkInfo:
                    ReadDense(source, message, Add);
                    break;
                default:
                    break;
            }
        }

        return links;

        void Add(Link link)
        {
            if (!links.TryAdd(link.Name, link))
            {
                throw new DamagedContainerException(
                    $"The group at {header.Address:N0} has two members named '{link.Name}'.");
            }
        }
    }

    private static void ReadDense(FormatSource source, HeaderMessage message, Action<Link> add)
    {
        FormatReader reader = source.Reader(message.Body.Span, "link info message", message.Address);
        reader.Version(0, 0);
        int flags = reader.Byte();
        if ((flags & 1) != 0) { reader.Skip(8); }
        long heapAddress = reader.Offset(), indexAddress = reader.Offset();
        if (heapAddress == FormatSource.Undefined || indexAddress == FormatSource.Undefined) { return; }
        FractalHeap heap = FractalHeap.Open(source, heapAddress);
        BTree2.Read(source, indexAddress, BTree2.LinkNames, heap.IdSize + 4, (record, at) =>
        {
            ReadOnlyMemory<byte> body = heap.Read(record[4..]); // before it the hash of the name
            add(Link.Parse(source, body.Span, at));
        });
    }
}
