using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Loading;

/// <summary>
/// The distinct strings of a column that is read before its part has room. Where they are few and memory is left for it, a byte
/// for each row is kept, and the column need not be read again; else no more than how many strings and bytes there are.
/// </summary>
internal sealed class DistinctStrings
{
    private const int MaxKept = byte.MaxValue + 1;

    private readonly ByteBudget _budget;
    private readonly long _rows;
    private StringTable? _table = StringTable.ForColumn();
    private byte[]? _codes;
    private int _known;

    internal DistinctStrings(long rows, ByteBudget budget)
    {
        (_rows, _budget) = (rows, budget);
        if (budget.TryTake(rows)) { _codes = GC.AllocateUninitializedArray<byte>((int)rows); }
    }

    internal int Count { get; private set; }

    internal int TotalBytes { get; private set; }

    /// <summary>The strings and the code of every row; null when the column has to be read again.</summary>
    internal (StringTable Strings, byte[] Codes)? Kept => _table is not null && _codes is not null ? (_table, _codes) : null;

    /// <summary>Adds the next rows; false when they have more distinct strings than a table may hold.</summary>
    internal bool TryAdd(StringBlock block)
    {
        for (int i = 0; i < block.Count; i++)
        {
            int code = _table!.Add(block[i]);
            if (code < 0) { return false; }
            if (code >= MaxKept) { ForgetCodes(); }
            if (_codes is not null) { _codes[_known++] = (byte)code; }
        }

        (Count, TotalBytes) = (_table!.Count, _table.TotalBytes);
        return true;
    }

    /// <summary>All rows are known: keeps what there is memory for.</summary>
    internal void Settle()
    {
        if (_codes is null || !_budget.TryTake(TotalBytes)) { Forget(); }
    }

    internal void Forget()
    {
        ForgetCodes();
        _table = null;
    }

    private void ForgetCodes()
    {
        if (_codes is not null) { _budget.Return(_rows); }
        _codes = null;
    }
}
