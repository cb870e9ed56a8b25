using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>What a variable-length value is in the file: its length, and which object of which collection holds it.</summary>
internal readonly record struct HeapReference(uint Length, long Collection, uint Index)
{
    internal static int Size(FormatSource source) => 8 + source.OffsetSize;

    internal static HeapReference Parse(FormatSource source, ReadOnlySpan<byte> bytes)
    {
        FormatReader reader = source.Reader(bytes, "variable-length reference", 0);
        return new HeapReference(reader.UInt32(), reader.Offset(), reader.UInt32());
    }
}

/// <summary>
/// Finds variable-length values. References that a writer made one after the other lead to one object after the other of
/// one collection after the other, so only the current collection is kept and the search goes on where it stopped.
/// </summary>
internal sealed class GlobalHeap(FormatSource source)
{
    private const int ObjectHeader = 8; // index, count of references, spare; then the length

    // A collection is read again when references jump between collections: slow, not wrong. This many times the file's
    // size is more than shuffled references of a real file cost, and ends what a made-up file could ask for.
    private const long MaxRereads = 1024;

    private byte[] _bytes = [];
    private int _length;
    private int _next;
    private long _address = FormatSource.Undefined;
    private long _readBytes;
    private Dictionary<uint, int>? _objects;

    /// <summary>The value's bytes, valid until the next call.</summary>
    internal ReadOnlySpan<byte> Find(HeapReference reference)
    {
        if (reference.Length == 0 || reference.Collection is FormatSource.Undefined or 0) { return []; }
        if (reference.Collection != _address) { Load(reference.Collection); }
        if (!TryNext(reference.Index, out int start, out long length))
        {
            _objects ??= Index();
            if (!_objects.TryGetValue(reference.Index, out int at))
            {
                throw Damaged($"has no object {reference.Index:N0}");
            }

            _next = at;
            TryNext(reference.Index, out start, out length);
        }

        return length >= reference.Length
            ? _bytes.AsSpan(start, (int)reference.Length)
            : throw Damaged($"has {length:N0} bytes in object {reference.Index:N0}; {reference.Length:N0} are wanted");
    }

    private void Load(long address)
    {
        _address = FormatSource.Undefined;
        _objects = null;
        int prefix = 8 + source.LengthSize;
        Span<byte> start = stackalloc byte[16];
        start = start[..prefix];
        source.Read(address, start);
        FormatReader reader = source.Reader(start, "global heap collection", address);
        reader.Signature("GCOL"u8);
        reader.Version(1, 1);
        reader.Skip(3);
        long size = reader.Length();
        source.Check(address, size, "global heap collection");
        if (size < prefix || size > Array.MaxLength) { throw reader.Damaged($"claims {size:N0} bytes"); }
        _readBytes += size;
        if (_readBytes / MaxRereads > source.Length)
        {
            throw reader.Damaged($"is one of many that are read again and again: {_readBytes:N0} bytes by now");
        }

        if (size > _bytes.Length) { _bytes = GC.AllocateUninitializedArray<byte>((int)size); }
        _length = (int)size;
        source.Read(address, _bytes.AsSpan(0, _length));
        _next = prefix;
        _address = address;
    }

    // True when the object at the current place is the wanted one; then the place moves behind it.
    private bool TryNext(uint index, out int start, out long length)
    {
        (start, length) = (0, 0);
        if (_length - _next < ObjectHeader + source.LengthSize) { return false; }
        FormatReader reader = source.Reader(
            _bytes.AsSpan(_next, _length - _next), "global heap object", _address + _next);
        if (reader.UInt16() != index) { return false; }
        reader.Skip(6);
        length = reader.Length();
        if (length > reader.Remaining)
        {
            throw Damaged($"has an object {index:N0} of {length:N0} bytes that goes past its end");
        }

        start = _next + reader.Position;
        _next = (int)Math.Min(_length, start + ((length + 7) & ~7L));
        return true;
    }

    private Dictionary<uint, int> Index()
    {
        Dictionary<uint, int> objects = [];
        int at = ObjectHeader + source.LengthSize;
        while (_length - at >= ObjectHeader + source.LengthSize)
        {
            FormatReader reader = source.Reader(_bytes.AsSpan(at, _length - at), "global heap object", _address + at);
            uint index = reader.UInt16();
            if (index == 0) { break; } // the free space that ends a collection
            reader.Skip(6);
            objects.TryAdd(index, at);
            long length = reader.Length();
            if (length > reader.Remaining) { break; }
            at = (int)Math.Min(_length, at + reader.Position + ((length + 7) & ~7L));
        }

        return objects;
    }

    private DamagedContainerException Damaged(string problem) =>
        new($"The global heap collection at {_address:N0} {problem}.");
}
