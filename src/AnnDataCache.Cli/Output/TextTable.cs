namespace AnnDataCache.Cli.Output;

/// <summary>A table in aligned columns: the same on a terminal and in a pipe, never wrapped.</summary>
internal sealed class TextTable(params IReadOnlyList<string> headers)
{
    private const int MaxCell = 60;

    private readonly List<string[]> _rows = [];
    private readonly HashSet<int> _right = [];

    /// <summary>Columns of numbers are aligned on the right.</summary>
    internal TextTable Right(params ReadOnlySpan<int> columns)
    {
        foreach (int column in columns) { _right.Add(column); }
        return this;
    }

    internal void Add(params IReadOnlyList<string> cells) =>
        _rows.Add([.. cells.Select(cell => SafeText.Cut(SafeText.OneLine(cell), MaxCell))]);

    /// <summary>The last column may be as long as it is.</summary>
    internal void AddLong(params IReadOnlyList<string> cells)
    {
        Add(cells);
        _rows[^1][^1] = SafeText.OneLine(cells[^1]);
    }

    internal void Write(TextWriter writer)
    {
        string[] head = [.. headers.Select(header => SafeText.Cut(SafeText.OneLine(header), MaxCell))];
        int[] widths = [.. head.Select((header, i) => _rows.Count == 0 ? header.Length : Math.Max(header.Length, _rows.Max(row => row[i].Length)))];
        WriteRow(writer, head, widths);
        WriteRow(writer, [.. widths.Select(width => new string('─', Math.Min(width, MaxCell)))], widths);
        foreach (string[] row in _rows) { WriteRow(writer, row, widths); }
    }

    private void WriteRow(TextWriter writer, string[] cells, int[] widths)
    {
        string line = string.Join("  ", cells.Select((cell, i) => _right.Contains(i) ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i])));
        writer.WriteLine(line.TrimEnd());
    }
}
