using System.Runtime.Intrinsics;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>For each position of a range, its last entries: those that do not fill a cache line of the twin yet. One thread's; dispose it.</summary>
/// <remarks>
/// A store to one of twenty thousand places misses the caches and the table of pages. Entries are gathered here, in memory that stays
/// in the cache, and go to the twin as whole lines, past the cache: a place of the twin is touched once for 8 to 64 entries.
/// A line has as many entries as fill 64 bytes of the narrower of the two streams; first its indices, then its values.
/// </remarks>
internal sealed unsafe class TwinLines : IDisposable
{
    private const int CacheLine = 64;

    private readonly NativeBuffer _lines, _places;
    private readonly byte* _indices, _values; // of the twin
    private readonly int _indexBytes, _valueBytes;
    private long[] _starts = [], _ends = [];

    /// <param name="column">The twin's layout.</param>
    /// <param name="indices">The twin's indices, in memory.</param>
    /// <param name="values">The twin's values, in memory.</param>
    /// <param name="width">Positions of the widest range.</param>
    internal TwinLines(ColumnLayout column, byte* indices, byte* values, long width)
    {
        _indices = indices;
        _values = values;
        (_indexBytes, _valueBytes) = (column.IndexType.Size(), column.Type.Size());
        (IndexType, ValueType) = (column.IndexType, column.Type);
        Entries = EntriesOf(_indexBytes, _valueBytes);
        _lines = new NativeBuffer(width * Entries * (_indexBytes + _valueBytes));
        _places = new NativeBuffer(width * sizeof(uint));
    }

    internal DType IndexType { get; }

    internal DType ValueType { get; }

    /// <summary>Entries of a line: a power of two.</summary>
    internal int Entries { get; }

    /// <summary>Positions that are gathered now: <c>[First, End)</c>.</summary>
    internal long First { get; private set; }

    internal long End { get; private set; }

    internal byte* Lines => _lines.Address;

    /// <summary>For each position, where its next entry goes, counted from the line that its first one is in.</summary>
    internal uint* Places => (uint*)_places.Address;

    internal static int EntriesOf(int indexBytes, int valueBytes) => CacheLine / Math.Min(indexBytes, valueBytes);

    internal static int BytesOf(ColumnLayout column) =>
        EntriesOf(column.IndexType.Size(), column.Type.Size()) * (column.IndexType.Size() + column.Type.Size());

    /// <summary>Begins a range; <paramref name="starts"/> and <paramref name="ends"/> say, for all positions, where its entries go in the twin.</summary>
    internal void Start(long[] starts, long[] ends, long first, long end)
    {
        (_starts, _ends, First, End) = (starts, ends, first, end);
        for (long i = first; i < end; i++)
        {
            if (ends[i] - starts[i] > int.MaxValue - CacheLine) { throw TooMany(i); }
            Places[i - first] = Phase(starts[i]);
        }
    }

    /// <summary>Writes a line that is full.</summary>
    /// <param name="inside">The position, counted from <see cref="First"/>.</param>
    /// <param name="place">Of its last entry.</param>
    /// <exception cref="StoreException">The part has other entries than in the first pass.</exception>
    internal void Flush(long inside, uint place)
    {
        long start = _starts[First + inside], end = start - Phase(start) + place + 1;
        if (end > _ends[First + inside]) { throw Changed(); } // T2
        if (end - Entries < start)
        {
            Copy(inside, start, end);
            return;
        }

        byte* line = Line(inside);
        CopyPastCache(line, _indices + ((end - Entries) * _indexBytes), Entries * _indexBytes);
        CopyPastCache(line + (Entries * _indexBytes), _values + ((end - Entries) * _valueBytes), Entries * _valueBytes);
    }

    /// <summary>Writes the lines that are not full.</summary>
    /// <exception cref="StoreException">The part has other entries than in the first pass.</exception>
    internal void Finish()
    {
        for (long i = First; i < End; i++)
        {
            (long start, long end) = (_starts[i], _ends[i]);
            if (Places[i - First] != Phase(start) + (end - start)) { throw Changed(); } // T2
            Copy(i - First, Math.Max(start, end - Phase(end)), end);
        }
    }

    /// <summary>Some entries of a line, byte by byte: what lies beside them may be another worker's.</summary>
    private void Copy(long inside, long start, long end)
    {
        byte* line = Line(inside);
        long count = end - start, slot = Phase(start);
        Buffer.MemoryCopy(line + (slot * _indexBytes), _indices + (start * _indexBytes), count * _indexBytes, count * _indexBytes);
        line += Entries * _indexBytes;
        Buffer.MemoryCopy(line + (slot * _valueBytes), _values + (start * _valueBytes), count * _valueBytes, count * _valueBytes);
    }

    private static void CopyPastCache(byte* from, byte* to, int count)
    {
        for (int i = 0; i < count; i += Vector256<byte>.Count) { Vector256.LoadAligned(from + i).StoreAlignedNonTemporal(to + i); }
    }

    private byte* Line(long inside) => _lines.Address + (inside * Entries * (_indexBytes + _valueBytes));

    private uint Phase(long entry) => (uint)(entry & (Entries - 1));

    private static StoreException Changed() => SparseView.Damaged("its indices are not those that were counted before");

    private static StoreException TooMany(long position) => new(
        CacheError.TooLarge, $"Position {position:N0} has more than 2,147,483,583 entries in neighbouring rows: no twin is made. Its slices are scanned.");

    public void Dispose()
    {
        _lines.Dispose();
        _places.Dispose();
    }
}
