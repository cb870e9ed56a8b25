namespace AnnDataCache.Parts;

/// <summary>How long each buffer of a column must be: what a plan checks before a byte is written, and a reader before one is read.</summary>
internal static class BufferLengths
{
    /// <summary>Buffers start at multiples of this, as Arrow recommends for SIMD.</summary>
    internal const int Alignment = 64;

    /// <summary>Large buffers start on a page, so that their pages hold nothing else.</summary>
    internal const int PageAlignment = 4096, LargeBuffer = 1 << 20;

    internal static long Bitmap(long rows) => (rows / 8) + (rows % 8 == 0 ? 0 : 1);

    internal static long AlignUp(long value, int alignment) => checked(value + alignment - 1) / alignment * alignment;

    /// <summary>The rule that a column breaks, or null.</summary>
    /// <param name="column">With the lengths of its buffers.</param>
    internal static string? FindProblem(ColumnLayout column)
    {
        try
        {
            if (column.Rows < 0 || column.Width < 0 || column.NullCount < 0 || column.NullCount > column.Rows)
            {
                return $"column '{column.Name}' has {column.Rows} rows of width {column.Width} with {column.NullCount} nulls";
            }

            return ProblemOf(column) is { } problem ? $"column '{column.Name}': {problem}" : null;
        }
        catch (OverflowException)
        {
            return $"column '{column.Name}' has more bytes than 2^63";
        }
    }

    private static string? ProblemOf(ColumnLayout column)
    {
        long validity = column.Validity.Length;
        if (validity != 0 && validity != Bitmap(column.Rows)) { return $"its validity has {validity} bytes"; }
        if (validity == 0 && column.NullCount != 0) { return "it has nulls but no validity"; }
        bool coded = column.Kind is ColumnKind.Categorical || (column.Kind is ColumnKind.String && column.Categories is not null);
        if (coded)
        {
            if (column.Categories is null) { return "it has no categories"; }
            if (column.Type is not (DType.Int8 or DType.Int16 or DType.Int32)) { return $"its codes are {column.Type.Name()}"; }
            if (column.Categories.Categories is not null) { return "its categories have categories"; }
            return FindProblem(column.Categories) ?? Expect(column, checked(column.Rows * column.Type.Size()), 0, 0);
        }

        if (column.Categories is not null) { return "it has categories"; }
        if (column.Kind != ColumnKind.List && column.Items is not null) { return "it has items"; }
        switch (column.Kind)
        {
            case ColumnKind.Number:
                return Expect(column, checked(column.Rows * column.Width * column.Type.Size()), 0, 0);
            case ColumnKind.Bool:
                return Expect(column, Bitmap(column.Rows), 0, 0);
            case ColumnKind.String or ColumnKind.Json or ColumnKind.Bytes:
                return Expect(column, column.Values.Length, checked((column.Rows + 1) * sizeof(long)), 0);
            case ColumnKind.List:
                if (column.Items is null) { return "it has no items"; }
                return FindProblem(column.Items) ?? Expect(column, 0, checked((column.Rows + 1) * sizeof(long)), 0);
            case ColumnKind.Sparse:
                if (column.IndexType is not (DType.Int32 or DType.Int64 or DType.UInt8 or DType.UInt16)) { return $"its indices are {column.IndexType.Name()}"; }
                if (column.OffsetType is not (DType.Int32 or DType.Int64)) { return $"its offsets are {column.OffsetType.Name()}"; }
                long entries = column.Values.Length / column.Type.Size();
                return Expect(column, checked(entries * column.Type.Size()), checked((column.Rows + 1) * column.OffsetType.Size()),
                    checked(entries * column.IndexType.Size()));
            default:
                return "it is of no known kind";
        }
    }

    private static string? Expect(ColumnLayout column, long values, long offsets, long indices) =>
        column.Values.Length != values ? $"its values have {column.Values.Length} bytes where {values} are expected"
        : column.Offsets.Length != offsets ? $"its offsets have {column.Offsets.Length} bytes where {offsets} are expected"
        : column.Indices.Length != indices ? $"its indices have {column.Indices.Length} bytes where {indices} are expected"
        : null;
}
