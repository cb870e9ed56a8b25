using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Loading;

/// <summary>
/// The distinct strings of a column that is read before its part has room. Where they are few and memory is left for it, a byte
/// for each row is kept, and the column need not be read again; else no more than how many strings and bytes there are.
/// </summary>
internal sealed class DistinctStrings
{
    /// <summary>As many as a byte can tell apart.</summary>
    internal const int MaxKept = byte.MaxValue + 1;

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
            int code = _table!.Add(block, i);
            if (code < 0) { return false; }
            if (code >= MaxKept) { ForgetCodes(); }
            if (_codes is not null) { _codes[_known++] = (byte)code; }
        }

        (Count, TotalBytes) = (_table!.Count, _table.TotalBytes);
        return true;
    }

    /// <summary>Adds the rows that are left by pieces, each of which another thread may read.</summary>
    /// <param name="strings">The column.</param>
    /// <param name="pieceRows">Rows of a piece: whole chunks, so that few are decoded for two.</param>
    /// <param name="context">How many threads.</param>
    /// <param name="ascii">False when a byte beyond 0x7F was seen.</param>
    /// <returns>False, and nothing is added, when they are better read one after the other: it is no work for several, or the strings are many.</returns>
    /// <remarks>Pieces are joined in the order of their rows, so strings get the codes that one reader would give them.</remarks>
    internal bool TryAddRest(ContainerArray strings, long pieceRows, ReadContext context, out bool ascii)
    {
        ascii = true;
        if (_codes is null || context.Workers < 2 || _rows - _known <= pieceRows) { return false; }
        List<DistinctPiece> pieces = [];
        for (long first = _known, next; first < _rows; first = next)
        {
            next = Math.Min(((first / pieceRows) + 1) * pieceRows, _rows);
            pieces.Add(new DistinctPiece(first, _codes.AsMemory((int)first, (int)(next - first))));
        }

        DistinctPiece.ReadAll(pieces, strings, context);
        if (!pieces.TrueForAll(piece => piece.IsWhole) || !TryJoin(pieces)) { return false; }
        ascii = pieces.TrueForAll(piece => piece.Ascii);
        _known = _codes.Length;
        return true;
    }

    private bool TryJoin(List<DistinctPiece> pieces)
    {
        StringTable joined = StringTable.ForColumn();
        for (int i = 0; i < _table!.Count; i++) { joined.Add(_table[i]); }
        List<byte[]> codes = [];
        foreach (DistinctPiece piece in pieces)
        {
            byte[] map = new byte[MaxKept];
            for (int i = 0; i < piece.Table.Count; i++)
            {
                int code = joined.Add(piece.Table[i]);
                if (code is < 0 or >= MaxKept) { return false; }
                map[i] = (byte)code;
            }

            codes.Add(map);
        }

        for (int i = 0; i < pieces.Count; i++)
        {
            foreach (ref byte code in pieces[i].Codes.Span) { code = codes[i][code]; }
        }

        (_table, Count, TotalBytes) = (joined, joined.Count, joined.TotalBytes);
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
