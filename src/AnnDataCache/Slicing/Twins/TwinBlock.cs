using System.Numerics;
using System.Runtime.CompilerServices;
using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>A run of consecutive entries of one slice, sorted by counting in private memory. One thread's; dispose it.</summary>
internal sealed unsafe class TwinBlock : IDisposable
{
    /// <summary>Rows of a block are numbered in 16 bits.</summary>
    private const int MaxRows = 1 << 16;

    private readonly SparseView _source;
    private readonly RunTarget _target;
    private readonly long[] _cursors, _offsets;
    private readonly int[] _places;
    private readonly int _capacity, _valueBytes;
    private readonly NativeBuffer _rows, _values;
    private readonly NativeBuffer? _narrowed;
    private readonly long _endRow;
    private long _row, _at;          // where the next block starts
    private long _firstRow, _first;  // where this one started
    private int _count;

    internal TwinBlock(SparseView source, TwinCounts counts, RunTarget target, int slice, int capacity)
    {
        (_source, _target, _capacity) = (source, target, capacity);
        (_cursors, _offsets) = (counts.Starts[slice], counts.Offsets);
        _places = new int[source.Minor];
        _valueBytes = target.ValueType.Size();
        _rows = new NativeBuffer((long)capacity * sizeof(ushort));
        _values = new NativeBuffer((long)capacity * _valueBytes);
        _narrowed = target.ValueType == source.StoredType ? null : new NativeBuffer((long)capacity * _valueBytes);
        (_row, _endRow) = (counts.Cuts[slice], counts.Cuts[slice + 1]);
        _at = _row < _endRow ? source.Row(_row).Start : 0;
    }

    /// <summary>Takes the next entries; false at the end of the slice.</summary>
    internal bool Next()
    {
        while (_row < _endRow && _at >= _source.Row(_row).End) { Advance(); } // rows without entries would use up the block's rows
        if (_row >= _endRow) { return false; }
        (_firstRow, _first, _count) = (_row, _at, 0);
        while (_row < _endRow && _row - _firstRow < MaxRows && _count < _capacity)
        {
            int taken = (int)Math.Min(_source.Row(_row).End - _at, _capacity - _count);
            _count += taken;
            _at += taken;
            if (_at >= _source.Row(_row).End) { Advance(); }
        }

        return true;
    }

    private void Advance()
    {
        if (++_row < _endRow && _source.Row(_row).Start != _at) { throw SparseView.Damaged($"row {_row:N0} does not start where the one before it ends"); }
    }

    /// <summary>Sorts the block's entries by their index; entries of one index keep their order.</summary>
    internal void Sort<TIndex, TValue>() where TIndex : unmanaged, IBinaryInteger<TIndex> where TValue : unmanaged
    {
        ReadOnlySpan<TIndex> indices = new((TIndex*)_source.Indices + _first, _count);
        Count(indices);
        TValue* values = (TValue*)Values();
        TValue* sorted = (TValue*)_values.Address;
        ushort* rows = (ushort*)_rows.Address;
        Span<int> places = _places;
        int entry = 0;
        for (long row = _firstRow; entry < _count; row++)
        {
            int end = (int)Math.Min(_source.Row(row).End - _first, _count);
            ushort local = (ushort)(row - _firstRow);
            for (; entry < end; entry++)
            {
                int place = places[int.CreateTruncating(indices[entry])]++;
                if ((uint)place >= (uint)_count) { throw SparseView.Damaged("its indices change while they are read"); }
                rows[place] = local;
                sorted[place] = values[entry];
            }
        }
    }

    /// <summary>Sets each place to where the entries of that index start in the block.</summary>
    private void Count<TIndex>(ReadOnlySpan<TIndex> indices) where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        Span<int> places = _places;
        places.Clear();
        foreach (TIndex index in indices)
        {
            long position = long.CreateTruncating(index);
            if ((ulong)position >= (ulong)places.Length) { throw TwinCounts.OutOfRange(position, places.Length); }
            places[(int)position]++;
        }

        int start = 0;
        foreach (ref int place in places) { (place, start) = (start, start + place); }
    }

    private byte* Values()
    {
        byte* values = _source.Values + (_first * _source.StoredType.Size());
        if (_narrowed is null) { return values; }
        WholeNumbers.Narrow(
            _source.StoredType, new ReadOnlySpan<byte>(values, _count * _source.StoredType.Size()), _target.ValueType, _narrowed.Span(0, _count * _valueBytes));
        return _narrowed.Address;
    }

    /// <summary>Writes the entries of each index to their place in the twin. A place is now where the entries of its index end.</summary>
    internal void WriteRuns()
    {
        ushort* rows = (ushort*)_rows.Address;
        byte* values = _values.Address;
        int start = 0;
        for (int index = 0; index < _places.Length; index++)
        {
            int end = _places[index], count = end - start;
            if (count == 0) { continue; }
            long at = _cursors[index];
            if (at > _offsets[index + 1] - count) { throw SparseView.Damaged("its indices change while they are read"); } // T2
            _cursors[index] = at + count;
            WriteRun(at, rows + start, values + ((long)start * _valueBytes), count);
            start = end;
        }
    }

    private void WriteRun(long at, ushort* rows, byte* values, int count)
    {
        if (_target.TryGetAddresses(at, out byte* indexAddress, out byte* valueAddress))
        {
            WritePositions(rows, count, indexAddress);
            Unsafe.CopyBlockUnaligned(valueAddress, values, (uint)(count * _valueBytes));
            return;
        }

        const int Piece = 512;
        byte* positions = stackalloc byte[Piece * sizeof(long)];
        for (int done = 0; done < count; done += Piece)
        {
            int here = Math.Min(Piece, count - done);
            WritePositions(rows + done, here, positions);
            _target.Write(
                at + done, new ReadOnlySpan<byte>(positions, here * _target.IndexType.Size()),
                new ReadOnlySpan<byte>(values + ((long)done * _valueBytes), here * _valueBytes));
        }
    }

    private void WritePositions(ushort* rows, int count, byte* destination)
    {
        switch (_target.IndexType)
        {
            case DType.UInt8: for (int i = 0; i < count; i++) { destination[i] = (byte)(_firstRow + rows[i]); } break;
            case DType.UInt16: for (int i = 0; i < count; i++) { ((ushort*)destination)[i] = (ushort)(_firstRow + rows[i]); } break;
            case DType.Int32: for (int i = 0; i < count; i++) { ((int*)destination)[i] = (int)_firstRow + rows[i]; } break;
            default: for (int i = 0; i < count; i++) { ((long*)destination)[i] = _firstRow + rows[i]; } break;
        }
    }

    public void Dispose()
    {
        _rows.Dispose();
        _values.Dispose();
        _narrowed?.Dispose();
    }
}
