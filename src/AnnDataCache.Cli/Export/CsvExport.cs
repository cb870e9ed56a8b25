using System.Buffers;
using System.Globalization;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli.Export;

/// <summary>A dataframe or column as comma-separated values by RFC 4180, but with line feeds; missing values are empty fields.</summary>
internal static class CsvExport
{
    private static readonly SearchValues<char> s_mustQuote = SearchValues.Create(",\"\r\n");

    internal static void Write(PinnedElement pinned, Stream stream, CancellationToken cancellation)
    {
        if (pinned.Info.Kind is ElementKind.Csr or ElementKind.Csc or ElementKind.Dict or ElementKind.String or ElementKind.Number or ElementKind.Null or ElementKind.Pickle
            || (pinned.Info.Kind == ElementKind.Dense && pinned.Info.Shape.Count > 2))
        {
            throw ExportVerb.Wrong(pinned, "csv", "dataframes, columns, and arrays of one or two axes");
        }

        using StreamWriter writer = new(stream, bufferSize: 1 << 16, leaveOpen: true);
        List<(PinnedColumn Column, long Item)> cells = [];
        foreach (PinnedColumn column in pinned.Columns)
        {
            for (long item = 0; item < column.Width; item++) { cells.Add((column, item)); }
        }

        WriteRow(writer, cells.Select(cell => cell.Column.Width == 1 ? cell.Column.Name : $"{cell.Column.Name}[{cell.Item}]"));
        long rows = pinned.Columns.Count == 0 ? 0 : pinned.Columns[0].Rows;
        for (long row = 0; row < rows; row++)
        {
            if ((row & 0xFFF) == 0) { cancellation.ThrowIfCancellationRequested(); }
            long current = row;
            WriteRow(writer, cells.Select(cell => Text(cell.Column.GetValue(current, cell.Item))));
        }
    }

    internal static void WriteRow(TextWriter writer, IEnumerable<string> fields)
    {
        bool first = true;
        foreach (string field in fields)
        {
            if (!first) { writer.Write(','); }
            first = false;
            if (!field.AsSpan().ContainsAny(s_mustQuote)) { writer.Write(field); }
            else { writer.Write($"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\""); }
        }

        writer.Write('\n');
    }

    internal static string Text(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "True" : "False",
        double number when double.IsInfinity(number) => number > 0 ? "inf" : "-inf",
        float number when float.IsInfinity(number) => number > 0 ? "inf" : "-inf",
        double number when double.IsNaN(number) => "nan",
        float number when float.IsNaN(number) => "nan",
        double number => DTypes.Text(number),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
