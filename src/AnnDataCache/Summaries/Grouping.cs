using AnnDataCache.Slicing;

namespace AnnDataCache.Summaries;

/// <summary>The cells by the values of a column: a group for each category, or for each distinct value in ascending order.</summary>
/// <param name="Labels">Names of the groups.</param>
/// <param name="CodeOfCell">Group of each cell; −1 where the value is missing, as pandas' groupby leaves such cells out.</param>
/// <param name="Counts">Cells of each group; 0 for a category that no cell has.</param>
internal sealed record Grouping(string[] Labels, short[] CodeOfCell, long[] Counts)
{
    /// <summary>Groups at most: what has more is an identifier, not a grouping.</summary>
    internal const int MaxGroups = short.MaxValue;

    internal long Missing => CodeOfCell.LongLength - Counts.Sum();

    /// <exception cref="ElementException">The column has too many distinct values, or several numbers in a row.</exception>
    internal static Grouping Of(PinnedColumn column)
    {
        if (column.Width != 1) { throw Unfit(column, $"has {column.Width} numbers in a row; a column of single values is wanted"); }
        if (column.Rows > Array.MaxLength) { throw Unfit(column, $"has {column.Rows} rows; {Array.MaxLength} can be grouped"); }
        if (column.Kind == ElementKind.Categorical) { return OfCategories(column); }
        return column.Categories is null ? OfValues(column) : OfCodedStrings(column);
    }

    private static Grouping OfCategories(PinnedColumn column)
    {
        long categories = column.Categories!.Rows;
        if (categories > MaxGroups) { throw TooMany(column, categories); }
        short[] codes = new short[column.Rows];
        ReadCodes(column, codes);
        string[] labels = [.. Enumerable.Range(0, (int)categories).Select(code => NameText.Of(column.Categories.GetValue(code)))];
        return new Grouping(labels, codes, Count(column, codes, labels.Length));
    }

    /// <summary>Strings that are stored by code: the codes are in order of appearance, the groups in order of the strings.</summary>
    private static Grouping OfCodedStrings(PinnedColumn column)
    {
        long distinct = column.Categories!.Rows;
        if (distinct > MaxGroups) { throw TooMany(column, distinct); }
        string[] texts = [.. Enumerable.Range(0, (int)distinct).Select(code => column.Categories.GetString(code))];
        int[] order = [.. Enumerable.Range(0, texts.Length).OrderBy(code => texts[code], StringComparer.Ordinal)];
        short[] rank = new short[texts.Length];
        for (int i = 0; i < order.Length; i++) { rank[order[i]] = (short)i; }
        short[] codes = new short[column.Rows];
        ReadOnlySpan<int> stored = column.Values.Span<int>();
        for (int cell = 0; cell < codes.Length; cell++)
        {
            if (column.IsNull(cell)) { codes[cell] = -1; continue; }
            codes[cell] = (uint)stored[cell] < (uint)rank.Length ? rank[stored[cell]] : throw Damaged(column, cell);
        }

        return new Grouping([.. order.Select(code => texts[code])], codes, Count(column, codes, texts.Length));
    }

    private static Grouping OfValues(PinnedColumn column)
    {
        Dictionary<object, short> known = [];
        List<object> values = [];
        short[] codes = new short[column.Rows];
        for (int cell = 0; cell < codes.Length; cell++)
        {
            object? value = column.GetValue(cell);
            if (value is null or double.NaN or float.NaN) { codes[cell] = -1; continue; }
            if (!known.TryGetValue(value, out short code))
            {
                if (values.Count == MaxGroups) { throw TooMany(column, MaxGroups + 1L); }
                known.Add(value, code = (short)values.Count);
                values.Add(value);
            }

            codes[cell] = code;
        }

        IComparer<object> comparer = Comparer<object>.Create(
            (a, b) => a is string text ? string.CompareOrdinal(text, (string)b) : System.Collections.Comparer.DefaultInvariant.Compare(a, b));
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(code => values[code], comparer)];
        short[] rank = new short[order.Length];
        for (int i = 0; i < order.Length; i++) { rank[order[i]] = (short)i; }
        foreach (ref short code in codes.AsSpan()) { code = code < 0 ? code : rank[code]; }
        return new Grouping([.. order.Select(code => NameText.Of(values[code]))], codes, Count(column, codes, order.Length));
    }

    private static void ReadCodes(PinnedColumn column, Span<short> codes)
    {
        switch (column.Type)
        {
            case DType.Int8:
                ReadOnlySpan<sbyte> small = column.Values.Span<sbyte>();
                for (int cell = 0; cell < codes.Length; cell++) { codes[cell] = small[cell]; }
                break;
            case DType.Int16: column.Values.Span<short>().CopyTo(codes); break;
            default:
                ReadOnlySpan<int> wide = column.Values.Span<int>();
                for (int cell = 0; cell < codes.Length; cell++)
                {
                    codes[cell] = (short)wide[cell] == wide[cell] ? (short)wide[cell] : throw Damaged(column, cell);
                }

                break;
        }

        if (!column.HasNulls) { return; }
        ReadOnlySpan<byte> present = column.Validity.Span<byte>();
        for (int cell = 0; cell < codes.Length; cell++)
        {
            if ((present[cell >> 3] & (1 << (cell & 7))) == 0) { codes[cell] = -1; }
        }
    }

    private static long[] Count(PinnedColumn column, ReadOnlySpan<short> codes, int groups)
    {
        long[] counts = new long[groups + 1]; // the first counts the missing ones, so that the loop has no branch
        for (int cell = 0; cell < codes.Length; cell++)
        {
            int slot = codes[cell] + 1;
            if ((uint)slot >= (uint)counts.Length) { throw Damaged(column, cell); }
            counts[slot]++;
        }

        return counts[1..];
    }

    private static ElementException TooMany(PinnedColumn column, long distinct) =>
        Unfit(column, $"has {distinct} or more distinct values; {MaxGroups} groups are possible");

    private static ElementException Unfit(PinnedColumn column, string why) =>
        new(CacheError.ElementUnreadable, $"Column '{column.Name}' {why}.");

    private static StoreException Damaged(PinnedColumn column, long row) => new(
        CacheError.StoreUnusable, $"The part of column '{column.Name}' is damaged in row {row}. Run 'anndata-cache verify'.");
}
