using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Messages that many objects share, kept once in heaps of the file (SOHM): one heap for some types each.</summary>
internal sealed class SharedMessageTable
{
    private readonly FormatSource _source;
    private readonly List<(int Types, long Heap)> _indexes = [];
    private readonly Dictionary<long, FractalHeap> _heaps = [];
    private readonly Lock _lock = new();

    /// <param name="source">The file.</param>
    /// <param name="extension">Address of the superblock's extension, whose message leads to the table.</param>
    internal SharedMessageTable(FormatSource source, long extension)
    {
        _source = source;
        if (extension == FormatSource.Undefined) { return; }
        if (ObjectHeader.Read(source, extension).Find(MessageType.SharedMessageTable) is not { } message) { return; }
        FormatReader reader = source.Reader(message.Body.Span, "shared message table message", message.Address);
        reader.Version(0, 0);
        long address = reader.Offset();
        int count = reader.Byte();
        int size = 4 + (count * (14 + (2 * source.OffsetSize))) + Checksum.Size;
        byte[] table = source.ReadBlock(address, size, "shared message table");
        reader = source.Reader(
            Checksum.Verify(table, "shared message table", address), "shared message table", address);
        reader.Signature("SMTB"u8);
        for (int i = 0; i < count; i++)
        {
            reader.Version(0, 0);
            reader.Skip(1); // whether the index is a list or a tree: identifiers lead past it, into the heap
            int types = reader.UInt16();
            reader.Skip(10);
            reader.Offset();
            _indexes.Add((types, reader.Offset()));
        }
    }

    /// <summary>The body of a message, by its identifier.</summary>
    internal ReadOnlyMemory<byte> Read(MessageType type, ReadOnlySpan<byte> id)
    {
        foreach ((int types, long address) in _indexes)
        {
            if ((types >> (int)type & 1) == 0 || address == FormatSource.Undefined) { continue; }
            lock (_lock)
            {
                if (!_heaps.TryGetValue(address, out FractalHeap? heap))
                {
                    heap = FractalHeap.Open(_source, address);
                    _heaps.Add(address, heap);
                }

                return id.Length >= heap.IdSize
                    ? heap.Read(id)
                    : throw new DamagedContainerException(
                        $"An identifier of {id.Length} bytes leads into the heap at {address:N0}, which wants {heap.IdSize}.");
            }
        }

        throw new DamagedContainerException(
            $"A {type} message is said to be shared, but the file's table has none of this type.");
    }
}
