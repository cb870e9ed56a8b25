using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>For each position of a range, its last entries, which do not fill a cache line of the twin yet. One thread's; dispose it.</summary>
/// <remarks>
/// A store to one of twenty thousand places misses the caches and the table of pages. Entries are gathered here, in memory that stays
/// in the cache, and go to the twin as whole lines, past the cache: a place of the twin is touched once for 8 to 64 entries.
/// A line has as many entries as fill 64 bytes of the narrower of the two streams; first its indices, then its values.
/// </remarks>
internal sealed unsafe class TwinLines : IDisposable
{
    internal const int CacheLine = 64;

    private readonly long[] _offsets;
    private readonly NativeBuffer _lines, _places;
    private readonly byte* _indices, _values; // of the twin
    private readonly int _indexBytes, _valueBytes;
    private uint[] _starts = [], _ends = [];

    /// <param name="offsets">The twin's offsets.</param>
    /// <param name="column">Its layout.</param>
    /// <param name="indices">The twin's indices, in memory.</param>
    /// <param name="values">The twin's values, in memory.</param>
    /// <param name="width">Positions of the widest range.</param>
    internal TwinLines(long[] offsets, ColumnLayout column, byte* indices, byte* values, long width)
    {
        _offsets = offsets;
        _indices = indices;
        _values = values;
        (_indexBytes, _valueBytes) = (column.IndexType.Size(), column.Type.Size());
        (IndexType, ValueType) = (column.IndexType, column.Type);
        Entries = EntriesOf(_indexBytes, _valueBytes);
        _lines = NativeBuffer.OfHugePages(width * Entries * (_indexBytes + _valueBytes));
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

    /// <summary>For each position, which of its entries comes next, counted from the line that the first of all is in.</summary>
    internal uint* Places => (uint*)_places.Address;

    internal static int EntriesOf(int indexBytes, int valueBytes) => CacheLine / Math.Min(indexBytes, valueBytes);

    internal static int BytesOf(ColumnLayout column) =>
        EntriesOf(column.IndexType.Size(), column.Type.Size()) * (column.IndexType.Size() + column.Type.Size());

    /// <summary>Begins a range.</summary>
    /// <param name="starts">For all positions, the first of its entries that is gathered.</param>
    /// <param name="ends">And the one behind the last.</param>
    /// <param name="first">First position of the range.</param>
    /// <param name="end">The position behind it.</param>
    internal void Start(uint[] starts, uint[] ends, long first, long end)
    {
        (_starts, _ends, First, End) = (starts, ends, first, end);
        for (long i = first; i < end; i++) { Places[i - first] = starts[i] + Phase(_offsets[i]); }
    }

    /// <summary>Writes a line that is full.</summary>
    /// <param name="inside">The position, counted from <see cref="First"/>.</param>
    /// <param name="place">Of its last entry.</param>
    /// <exception cref="StoreException">The part has other entries than in the first pass.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as the loop that calls it
    internal void Flush(long inside, uint place)
    {
        (long start, long limit) = Limits(First + inside);
        long end = _offsets[First + inside] - Phase(_offsets[First + inside]) + place + 1;
        if (end > limit) { throw Changed(); } // T2
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
            (long start, long end) = Limits(i);
            if (Places[i - First] != Phase(_offsets[i]) + _ends[i]) { throw Changed(); } // T2
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

    private (long Start, long End) Limits(long position) => (_offsets[position] + _starts[position], _offsets[position] + _ends[position]);

    private byte* Line(long inside) => _lines.Address + (inside * Entries * (_indexBytes + _valueBytes));

    private uint Phase(long entry) => (uint)(entry & (Entries - 1));

    private static StoreException Changed() => SparseView.Damaged("its indices are not those that were counted before");

    public void Dispose()
    {
        _lines.Dispose();
        _places.Dispose();
    }
}
