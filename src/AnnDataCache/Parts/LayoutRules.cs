namespace AnnDataCache.Parts;

/// <summary>What kind, shape and columns of a part must say of each other; buffers have their own rules.</summary>
internal static class LayoutRules
{
    /// <summary>The rule that a layout breaks, or null.</summary>
    internal static string? FindProblem(PartLayout layout)
    {
        foreach (ColumnLayout column in layout.Columns)
        {
            if (BufferLengths.FindProblem(column) is { } problem) { return problem; }
        }

        IReadOnlyList<long> shape = layout.Shape;
        if (shape.Any(length => length < 0)) { return "an axis is shorter than 0"; }
        return layout.Kind switch
        {
            PartKind.Frame => shape.Count == 2 && layout.Columns.All(column => column.Rows == shape[0] && IsPlain(column))
                ? null
                : "its columns are not those of a dataframe of its shape",
            PartKind.Records => layout.Columns.All(column => IsProduct(shape, 0, column.Rows) && IsPlain(column))
                ? null
                : "its columns are not those of records of its shape",
            PartKind.Csr => Only(layout, ColumnKind.Sparse, column => shape.Count == 2 && column.Rows == shape[0]),
            PartKind.Csc => Only(layout, ColumnKind.Sparse, column => shape.Count == 2 && column.Rows == shape[1]),
            PartKind.Dense => Only(layout, ColumnKind.Number, column => shape.Count > 0 && column.Rows == shape[0] && IsProduct(shape, 1, column.Width)),
            PartKind.Pickle => shape.Count == 0 && layout.Columns.Count > 0 && layout.Columns.All(column => column.Kind == ColumnKind.Bytes && column.Rows == 1)
                ? null
                : "a pickle part must have columns of one row of bytes",
            PartKind.Json => Only(layout, ColumnKind.Json, column => column.Rows == 1),
            PartKind.Column => layout.Columns is [{ } only] && (IsPlain(only) || IsList(only)) ? null : "it must have one column that stands alone",
            _ => "it is of no known kind",
        };
    }

    private static bool IsPlain(ColumnLayout column) => column.Kind is not (ColumnKind.Sparse or ColumnKind.Json or ColumnKind.List or ColumnKind.Bytes);

    private static bool IsList(ColumnLayout column) => column.Kind == ColumnKind.List && (IsPlain(column.Items!) || IsList(column.Items!));

    private static string? Only(PartLayout layout, ColumnKind kind, Func<ColumnLayout, bool> fits) =>
        layout.Columns is [{ } only] && only.Kind == kind && fits(only) ? null : $"a {LayoutJson.NameOf(layout.Kind)} part must have one column of its shape";

    private static bool IsProduct(IReadOnlyList<long> shape, int from, long expected)
    {
        UInt128 product = 1; // of lengths below 2^63: two never overflow, and the limit ends the loop before a third could
        for (int axis = from; axis < shape.Count; axis++)
        {
            product *= (UInt128)shape[axis];
            if (product > long.MaxValue) { return false; }
        }

        return product == (UInt128)expected;
    }
}
