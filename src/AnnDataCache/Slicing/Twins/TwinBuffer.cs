using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>The entries of some positions of a twin, gathered in private memory and then written at once. One thread's; dispose it.</summary>
/// <remarks>Of a position that has more entries than fit, the buffer is a window that moves on whenever it is full.</remarks>
internal sealed unsafe class TwinBuffer : IDisposable
{
    private readonly NativeBuffer _indices, _values;
    private readonly ColumnLayout _column;
    private readonly int _indexBytes, _valueBytes;
    private long _start, _expected; // entry of the twin that the buffer starts with; entries that it is to hold

    internal TwinBuffer(SparseView source, ColumnLayout column, long bytes)
    {
        _column = column;
        (_indexBytes, _valueBytes) = (column.IndexType.Size(), column.Type.Size());
        Capacity = (int)Math.Clamp(Math.Min(bytes / (_indexBytes + _valueBytes), source.Entries), 1, int.MaxValue);
        _indices = new NativeBuffer((long)Capacity * _indexBytes);
        _values = new NativeBuffer((long)Capacity * _valueBytes);
    }

    internal int Capacity { get; }

    internal DType IndexType => _column.IndexType;

    internal DType ValueType => _column.Type;

    internal byte* Indices => _indices.Address;

    internal byte* Values => _values.Address;

    /// <summary>Positions that are gathered now: <c>[First, End)</c>.</summary>
    internal long First { get; private set; }

    internal long End { get; private set; }

    /// <summary>For each position, where its next entry goes.</summary>
    internal int[] Places { get; private set; } = [];

    internal void Start(long[] offsets, long first, long end)
    {
        (First, End, _start, _expected) = (first, end, offsets[first], offsets[end] - offsets[first]);
        if (Places.Length < end - first) { Places = new int[end - first]; }
        for (long i = first; i < end; i++) { Places[i - first] = (int)(offsets[i] - _start); }
    }

    /// <summary>Makes room when an entry does not fit: only a single position's may be too many.</summary>
    /// <exception cref="StoreException">The part has other entries than in the first pass.</exception>
    internal int Flush(ByteTarget target)
    {
        if (End - First != 1 || _expected <= Capacity) { throw Changed(); }
        Write(target, Capacity);
        _start += Capacity;
        _expected -= Capacity;
        return 0;
    }

    internal void Finish(long[] offsets, ByteTarget target)
    {
        for (long i = First; i < End && End - First > 1; i++) // T2
        {
            if (Places[i - First] != offsets[i + 1] - _start) { throw Changed(); }
        }

        if (Places[End - First - 1] != _expected) { throw Changed(); }
        Write(target, (int)_expected);
    }

    private void Write(ByteTarget target, int count)
    {
        const int Piece = 1 << 20;
        Write(target, _column.Indices.Offset + (_start * _indexBytes), _indices, (long)count * _indexBytes);
        Write(target, _column.Values.Offset + (_start * _valueBytes), _values, (long)count * _valueBytes);

        static void Write(ByteTarget target, long at, NativeBuffer buffer, long bytes)
        {
            for (long done = 0; done < bytes; done += Piece) { target.Write(at + done, buffer.Span(done, (int)Math.Min(Piece, bytes - done))); }
        }
    }

    private static StoreException Changed() => SparseView.Damaged("its indices are not those that were counted before");

    public void Dispose()
    {
        _indices.Dispose();
        _values.Dispose();
    }
}
