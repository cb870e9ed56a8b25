using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>One collection of the global heap, in memory: its bytes, and where each object of it lies. Used again for another.</summary>
internal sealed class HeapCollection
{
    private const int ObjectHeader = 8; // index, count of references, spare; then the length
    private const int UsualObject = 32; // with a string of one or two words; of shorter ones there are more, and the table grows

    private readonly FormatSource _source;
    private readonly int _headerBytes;
    private int[] _places = []; // of an object's header, by its index of 16 bits; 0 where there is none
    private int _length, _indexes;

    internal HeapCollection(FormatSource source) => (_source, _headerBytes) = (source, ObjectHeader + source.LengthSize);

    internal long Address { get; private set; }

    internal byte[] Buffer { get; private set; } = [];

    /// <summary>True when it was asked for since it was last passed over for dropping.</summary>
    internal bool WasUsed { get; set; }

    /// <summary>Bytes of the collection at an address, checked against the file.</summary>
    internal static int ReadSize(FormatSource source, long address)
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
        return size >= prefix && size <= Array.MaxLength ? (int)size : throw reader.Damaged($"claims {size:N0} bytes");
    }

    internal void Load(long address, int size)
    {
        Address = -1;
        if (Buffer.Length < size) { Buffer = GC.AllocateUninitializedArray<byte>(size); }
        _source.Read(address, Buffer.AsSpan(0, size));
        (Address, _length) = (address, size);
        Index();
    }

    /// <summary>Where the value's bytes start in the buffer; all that the reference claims are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // once for every string
    internal int Locate(HeapReference reference)
    {
        int at = reference.Index < (uint)_indexes ? _places[reference.Index] : 0;
        if (at == 0) { throw Misses(reference, at); }
        long length = LengthAt(at);
        return length >= reference.Length && length <= _length - at - _headerBytes ? at + _headerBytes : throw Misses(reference, at);
    }

    private DamagedContainerException Misses(HeapReference reference, int at)
    {
        if (at == 0) { return Damaged($"has no object {reference.Index:N0}"); }
        long length = LengthAt(at);
        return length >= 0 && length < reference.Length
            ? Damaged($"has {length:N0} bytes in object {reference.Index:N0}; {reference.Length:N0} are wanted")
            : Damaged($"has an object {reference.Index:N0} of {length:N0} bytes that goes past its end");
    }

    private void Index()
    {
        Array.Clear(_places, 0, _indexes);
        _indexes = 0;
        EnsurePlaces(Math.Min(_length / UsualObject, ushort.MaxValue));
        for (int at = _headerBytes; _length - at >= _headerBytes;)
        {
            int index = BinaryPrimitives.ReadUInt16LittleEndian(Buffer.AsSpan(at));
            if (index == 0) { break; } // the free space that ends a collection
            EnsurePlaces(index);
            if (_places[index] == 0) { _places[index] = at; }
            _indexes = Math.Max(_indexes, index + 1);
            long length = LengthAt(at);
            if (length < 0 || length > _length - at - _headerBytes) { break; }
            at = (int)Math.Min(_length, at + _headerBytes + ((length + 7) & ~7L));
        }
    }

    private void EnsurePlaces(int index)
    {
        if (index >= _places.Length) { Array.Resize(ref _places, (int)BitOperations.RoundUpToPowerOf2((uint)index + 1)); }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long LengthAt(int at) => _headerBytes == ObjectHeader + sizeof(long)
        ? BinaryPrimitives.ReadInt64LittleEndian(Buffer.AsSpan(at + ObjectHeader))
        : _source.Reader(Buffer.AsSpan(at + ObjectHeader), "global heap object", Address + at).Length();

    private DamagedContainerException Damaged(string problem) =>
        new($"The global heap collection at {Address:N0} {problem}.");
}
