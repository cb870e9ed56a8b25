using System.Buffers.Binary;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>What a variable-length value is in the file: its length, and which object of which collection holds it.</summary>
internal readonly record struct HeapReference(uint Length, long Collection, uint Index)
{
    internal static int Size(FormatSource source) => 8 + source.OffsetSize;

    internal static HeapReference Parse(FormatSource source, ReadOnlySpan<byte> bytes)
    {
        if (source.OffsetSize == 8 && bytes.Length == 16) // every file of today; a million strings are a million of these
        {
            long address = BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]);
            if (address >= FormatSource.Undefined)
            {
                return new HeapReference(BinaryPrimitives.ReadUInt32LittleEndian(bytes), address, BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));
            }
        }

        FormatReader reader = source.Reader(bytes, "variable-length reference", 0);
        return new HeapReference(reader.UInt32(), reader.Offset(), reader.UInt32());
    }
}

/// <summary>
/// Finds variable-length values. References that a writer made one after the other lead to one object after the other of
/// one collection after the other, so the search goes on where it stopped. Several collections are kept, since the rows
/// of an array with two axes go round the chunks of its columns, each with collections of its own.
/// </summary>
internal sealed class GlobalHeap(FormatSource source)
{
    /// <summary>What the kept collections may take; the current one is kept whatever its size.</summary>
    private const long MaxKeptBytes = 8 << 20;

    // A collection is read again when references jump between more than are kept: slow, not wrong. This many times the
    // file's size is more than shuffled references of a real file cost, and ends what a made-up file could ask for.
    private const long MaxRereads = 1024;

    private readonly Dictionary<long, HeapCollection> _kept = [];
    private HeapCollection? _current;
    private long _keptBytes, _readBytes, _clock;

    /// <summary>The value's bytes, valid until the next call.</summary>
    internal ReadOnlySpan<byte> Find(HeapReference reference)
    {
        if (reference.Length == 0 || reference.Collection is FormatSource.Undefined or 0) { return []; }
        if (_current?.Address != reference.Collection) { _current = Open(reference.Collection); }
        return _current.Find(reference);
    }

    private HeapCollection Open(long address)
    {
        if (!_kept.TryGetValue(address, out HeapCollection? collection))
        {
            long size = HeapCollection.ReadSize(source, address);
            _readBytes += size;
            if (_readBytes / MaxRereads > source.Length)
            {
                throw new DamagedContainerException(
                    $"The global heap collection at {address:N0} is one of many that are read again and again: {_readBytes:N0} bytes by now.");
            }

            collection = new HeapCollection(source, address, MakeRoom((int)size), (int)size);
            _kept.Add(address, collection);
            _keptBytes += collection.Capacity;
        }

        collection.LastUse = ++_clock;
        return collection;
    }

    /// <summary>Drops what was not used for longest until the new one fits; returns a buffer that was dropped, or a new one.</summary>
    private byte[] MakeRoom(int size)
    {
        byte[]? buffer = null;
        while (_kept.Count > 0 && _keptBytes + size > MaxKeptBytes)
        {
            HeapCollection oldest = _kept.Values.MinBy(collection => collection.LastUse)!;
            _kept.Remove(oldest.Address);
            _keptBytes -= oldest.Capacity;
            if (oldest.Capacity >= size) { buffer = oldest.Buffer; }
        }

        return buffer ?? GC.AllocateUninitializedArray<byte>(size);
    }
}

/// <summary>One collection of the global heap, in memory.</summary>
internal sealed class HeapCollection
{
    private const int ObjectHeader = 8; // index, count of references, spare; then the length

    private readonly FormatSource _source;
    private readonly int _length;
    private int _next;
    private Dictionary<uint, int>? _objects;

    internal HeapCollection(FormatSource source, long address, byte[] buffer, int size)
    {
        (_source, Address, Buffer, _length) = (source, address, buffer, size);
        source.Read(address, buffer.AsSpan(0, size));
        _next = 8 + source.LengthSize;
    }

    internal long Address { get; }

    internal byte[] Buffer { get; }

    internal int Capacity => Buffer.Length;

    internal long LastUse { get; set; }

    /// <summary>Bytes of the collection at an address, checked against the file.</summary>
    internal static long ReadSize(FormatSource source, long address)
    {
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
        return size >= prefix && size <= Array.MaxLength ? size : throw reader.Damaged($"claims {size:N0} bytes");
    }

    internal ReadOnlySpan<byte> Find(HeapReference reference)
    {
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
            ? Buffer.AsSpan(start, (int)reference.Length)
            : throw Damaged($"has {length:N0} bytes in object {reference.Index:N0}; {reference.Length:N0} are wanted");
    }

    // True when the object at the current place is the wanted one; then the place moves behind it.
    private bool TryNext(uint index, out int start, out long length)
    {
        (start, length) = (0, 0);
        int headerBytes = ObjectHeader + _source.LengthSize;
        if (_length - _next < headerBytes) { return false; }
        ReadOnlySpan<byte> header = Buffer.AsSpan(_next, headerBytes);
        if (BinaryPrimitives.ReadUInt16LittleEndian(header) != index) { return false; }
        length = _source.LengthSize == 8
            ? BinaryPrimitives.ReadInt64LittleEndian(header[ObjectHeader..])
            : _source.Reader(header[ObjectHeader..], "global heap object", Address + _next).Length();
        if (length < 0 || length > _length - _next - headerBytes)
        {
            throw Damaged($"has an object {index:N0} of {length:N0} bytes that goes past its end");
        }

        start = _next + headerBytes;
        _next = (int)Math.Min(_length, start + ((length + 7) & ~7L));
        return true;
    }

    private Dictionary<uint, int> Index()
    {
        Dictionary<uint, int> objects = [];
        int at = ObjectHeader + _source.LengthSize;
        while (_length - at >= ObjectHeader + _source.LengthSize)
        {
            FormatReader reader = _source.Reader(Buffer.AsSpan(at, _length - at), "global heap object", Address + at);
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
        new($"The global heap collection at {Address:N0} {problem}.");
}
