using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>Compares a twin with the matrix of which it is the twin, in one walk over the matrix's rows.</summary>
/// <remarks>
/// By T1 the entries of a twin's row follow each other as the rows of the matrix do: so one cursor for each of them finds the place where
/// an entry must be. Both are looked at with suspicion. Private memory: the cursors, and one row's values.
/// </remarks>
internal sealed unsafe class TwinComparison
{
    private const int RowsPerLook = 1 << 14;

    private readonly SparseView _twin, _whole;
    private readonly long[] _cursors;
    private byte[] _narrow = [], _wide = [];

    private TwinComparison(in SparseView twin, in SparseView whole)
    {
        (_twin, _whole) = (twin, whole);
        _cursors = new long[_twin.Major];
    }

    /// <summary>Says where the twin is another matrix, or null.</summary>
    internal static string? FindDifference(PartView twin, PartView whole, CancellationToken cancellation)
    {
        (SparseView first, SparseView second) = (SparseView.Of(twin), SparseView.Of(whole));
        return first.Major != second.Minor || first.Minor != second.Major || first.Entries != second.Entries || first.ValueType != second.StoredType
            ? $"it is a {first.Major:N0} × {first.Minor:N0} matrix of {first.Entries:N0} entries, which its element is not"
            : new TwinComparison(first, second).Walk(cancellation);
    }

    private string? Walk(CancellationToken cancellation)
    {
        for (long row = 0; row < _cursors.Length; row++) { _cursors[row] = _twin.Row(row).Start; }
        for (long row = 0; row < _whole.Major; row++)
        {
            if (row % RowsPerLook == 0) { cancellation.ThrowIfCancellationRequested(); }
            if (!IsThere(row)) { return $"its entries of {(_whole.IsCsr ? "observation" : "variable")} {row:N0} are not those of its element"; }
        }

        return null;
    }

    /// <summary>Every entry of the matrix's row has its place in the twin, with its value; its twin's row has no room for others.</summary>
    private bool IsThere(long row)
    {
        (long start, long end) = _whole.Row(row);
        int count = checked((int)(end - start)), size = _twin.StoredType.Size();
        Room(count);
        for (int i = 0; i < count; i++)
        {
            long minor = IndexAt(_whole, start + i);
            if ((ulong)minor >= (ulong)_cursors.Length) { return false; }
            long place = _cursors[minor]++;
            if (place >= _twin.Row(minor).End || IndexAt(_twin, place) != row) { return false; }
            new ReadOnlySpan<byte>(_twin.Values + (place * size), size).CopyTo(_narrow.AsSpan(i * size, size));
        }

        Span<byte> wide = _wide.AsSpan(0, count * _whole.StoredType.Size());
        Numbers.Convert(_twin.StoredType, _narrow.AsSpan(0, count * size), _whole.StoredType, wide);
        return wide.SequenceEqual(new ReadOnlySpan<byte>(_whole.Values + (start * _whole.StoredType.Size()), wide.Length));
    }

    private void Room(int entries)
    {
        if (_wide.Length >= entries * (long)_whole.StoredType.Size()) { return; }
        _narrow = new byte[checked(entries * _twin.StoredType.Size())];
        _wide = new byte[checked(entries * _whole.StoredType.Size())];
    }

    private static long IndexAt(in SparseView view, long entry) => view.IndexType switch
    {
        DType.UInt8 => view.Indices[entry],
        DType.UInt16 => ((ushort*)view.Indices)[entry],
        DType.Int32 => ((int*)view.Indices)[entry],
        _ => ((long*)view.Indices)[entry],
    };
}
