using System.Text;

namespace AnnDataCache.Slicing;

/// <summary>Finds rows of a dataframe by the names in one of its columns.</summary>
internal sealed class NameTable : IDisposable
{
    /// <summary>Names that an error shows.</summary>
    private const int Shown = 5;

    /// <summary>Columns in which genes have their readable names, by those who write AnnData files.</summary>
    private static readonly string[] s_usual = ["feature_name", "gene_symbols", "gene_symbol", "gene_name", "gene_names", "symbol", "gene_ids", "feature_id"];

    private readonly CachedAnnData _file;
    private readonly PinnedElement _table;
    private readonly PinnedColumn _names;
    private readonly PinnedBuffer _rows;

    private NameTable(CachedAnnData file, string frame, string column, PinnedElement table)
    {
        (_file, Frame, Column, _table) = (file, frame, column, table);
        (_names, _rows) = (table.Columns[0], table.Columns[1].Values);
    }

    internal string Frame { get; }

    internal string Column { get; }

    /// <summary>The table of a column; made by the first asker of the machine.</summary>
    /// <param name="file">The file.</param>
    /// <param name="frame">Path of the dataframe.</param>
    /// <param name="column">Its column; null for its row names.</param>
    /// <param name="cancellation">Looked at while the dataframe is loaded.</param>
    /// <exception cref="ElementException">No such dataframe or column.</exception>
    internal static NameTable Open(CachedAnnData file, string frame, string? column, CancellationToken cancellation)
    {
        ElementInfo info = file.Describe(frame);
        string name = column ?? info.IndexName
            ?? throw new ElementException(CacheError.ElementNotFound, $"'{frame}' of '{file.Path}' has no row names; name one of its columns.");
        return new NameTable(file, frame, name, file.PinDerived(frame, NameDraft.Option(name), (whole, _) => NameDraft.Of(whole, name), cancellation));
    }

    /// <summary>The only row of that name.</summary>
    /// <exception cref="ElementException">There is none, or several; the message lists what is near.</exception>
    internal long Find(string name)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        long first = FirstAt(wanted), end = first;
        while (end < _names.Rows && _names.GetUtf8(end).SequenceEqual(wanted)) { end++; }
        return (end - first) switch
        {
            0 => throw Unknown(name),
            1 => RowAt(first),
            _ => throw Ambiguous(name, first, end),
        };
    }

    private bool Has(byte[] wanted) => FirstAt(wanted) is var at && at < _names.Rows && _names.GetUtf8(at).SequenceEqual(wanted);

    private long FirstAt(ReadOnlySpan<byte> wanted)
    {
        long low = 0, high = _names.Rows;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (_names.GetUtf8(middle).SequenceCompareTo(wanted) < 0) { low = middle + 1; } else { high = middle; }
        }

        return low;
    }

    private long RowAt(long entry) => _rows.Type == DType.Int32 ? _rows.Span<int>(entry, 1)[0] : _rows.Span<long>(entry, 1)[0];

    private ElementException Ambiguous(string name, long first, long end)
    {
        IEnumerable<string> rows = Enumerable.Range(0, (int)Math.Min(end - first, Shown)).Select(i => Describe(RowAt(first + i)));
        string more = end - first > Shown ? ", …" : "";
        return new ElementException(
            CacheError.NameAmbiguous, $"'{name}' is the name of {end - first:N0} rows in column '{Column}' of '{Frame}': {string.Join(", ", rows)}{more}. Give a position, or a name of another column.");
    }

    /// <summary>A row as people know it: its position, and its name in the index.</summary>
    private string Describe(long row)
    {
        using PinnedElement frame = _file.Pin(Frame);
        PinnedColumn? index = frame.Info.IndexName is { } name && name != Column ? frame.Columns.FirstOrDefault(column => column.Name == name) : null;
        return index is null || row >= index.Rows ? $"{row:N0}" : $"{row:N0} ({Encoding.UTF8.GetString(NameDraft.NameOf(index, row))})";
    }

    private ElementException Unknown(string name)
    {
        string[] near = Near(name);
        string? other = Elsewhere(name);
        string hint = other is not null ? $" It is in column '{other}': name that column."
            : near.Length > 0 ? $" Near it are: {string.Join(", ", near)}."
            : _names.Rows > 0 ? $" The first of {_names.Rows:N0} names is '{_names.GetString(0)}'." : " It has no names.";
        return new ElementException(CacheError.NameNotFound, $"'{name}' is no name in column '{Column}' of '{Frame}' in '{_file.Path}'.{hint}");
    }

    /// <summary>Another usual column that has the name.</summary>
    private string? Elsewhere(string name)
    {
        ElementInfo info = _file.Describe(Frame);
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        foreach (string column in s_usual.Prepend(info.IndexName ?? "").Where(column => column != Column && info.Children.Any(child => child.Name == column)))
        {
            try
            {
                using NameTable table = Open(_file, Frame, column, CancellationToken.None);
                if (table.Has(wanted)) { return column; }
            }
            catch (CacheException)
            {
                // a column that cannot be read has no hint to give
            }
        }

        return null;
    }

    /// <summary>The same name but for case, names that start with it, and names of an edit or two.</summary>
    private string[] Near(string name)
    {
        List<(int Rank, string Name)> near = [];
        for (long entry = 0; entry < _names.Rows; entry++)
        {
            if (Math.Abs(_names.GetUtf8(entry).Length - name.Length) > 8) { continue; }
            string candidate = _names.GetString(entry);
            int rank = string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase) ? 0
                : candidate.StartsWith(name, StringComparison.OrdinalIgnoreCase) ? 1
                : EditDistance.AtMostTwo(candidate, name) is { } edits ? 1 + edits : int.MaxValue;
            if (rank != int.MaxValue) { near.Add((rank, candidate)); }
        }

        return [.. near.OrderBy(found => found.Rank).ThenBy(found => found.Name, StringComparer.Ordinal).Select(found => found.Name).Distinct().Take(Shown)];
    }

    public void Dispose() => _table.Dispose();
}

/// <summary>How many letters must be changed, added or left out to make one word of another.</summary>
internal static class EditDistance
{
    /// <summary>0, 1 or 2; null when it takes more. Case does not count.</summary>
    internal static int? AtMostTwo(string left, string right)
    {
        const int Longest = 100;
        if (Math.Abs(left.Length - right.Length) > 2 || left.Length > Longest || right.Length is < 3 or > Longest) { return null; }
        Span<int> previous = stackalloc int[Longest + 1], current = stackalloc int[Longest + 1];
        for (int j = 0; j <= right.Length; j++) { previous[j] = j; }
        for (int i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int change = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1;
                current[j] = Math.Min(previous[j - 1] + change, 1 + Math.Min(previous[j], current[j - 1]));
            }

            Span<int> swap = previous;
            previous = current;
            current = swap;
        }

        return previous[right.Length] <= 2 ? previous[right.Length] : null;
    }
}
