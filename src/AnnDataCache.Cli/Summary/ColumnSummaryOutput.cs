using System.Text.Json;
using AnnDataCache.Cli.Export;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Columns in short: one as a list of its counts, several as a table, as comma-separated values, or as JSON.</summary>
internal sealed class ColumnSummaryOutput(IReadOnlyList<ColumnSummary> columns, IReadOnlyList<(string Path, string Reason)> refused)
{
    private const int MaxShown = 4;

    internal void WriteText(TextWriter writer)
    {
        TextTable table = new TextTable("column", "rows", "missing", "mean", "sd", "min", "max", "categories").Right(1, 2, 3, 4, 5, 6);
        foreach (ColumnSummary column in columns)
        {
            string[] numbers = column.IsNumeric
                ? [Short(column.Mean), Short(column.StandardDeviation), Short(column.Minimum), Short(column.Maximum), ""]
                : ["", "", "", "", Categories(column)];
            table.AddLong([column.Path, Plots.Ticks.Count(column.Rows), Plots.Ticks.Count(column.Missing), .. numbers]);
        }

        table.Write(writer);
        foreach ((string path, string reason) in refused)
        {
            writer.WriteLine($"left out  {SafeText.OneLine(path)}: {SafeText.OneLine(reason)}");
        }

        if (columns.Count == 1) { WriteCounts(writer, columns[0]); }
    }

    internal void WriteCsv(TextWriter writer)
    {
        CsvExport.WriteRow(writer, ["column", "from", "to", "category", "count"]);
        foreach (ColumnSummary column in columns)
        {
            for (int i = 0; i < column.Counts.Count; i++)
            {
                CsvExport.WriteRow(
                    writer, [column.Path, DTypes.Text(column.Edges[i]), DTypes.Text(column.Edges[i + 1]), "", Text(column.Counts[i])]);
            }

            for (int i = 0; i < column.Categories.Count; i++)
            {
                CsvExport.WriteRow(writer, [column.Path, "", "", column.Categories[i], Text(column.CategoryCounts[i])]);
            }

            if (column.Missing > 0) { CsvExport.WriteRow(writer, [column.Path, "", "", "", Text(column.Missing)]); }
        }
    }

    internal void WriteJson(Utf8JsonWriter writer, string? plot)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("columns");
        foreach (ColumnSummary column in columns) { WriteJson(writer, column); }
        writer.WriteEndArray();
        writer.WriteStartArray("refused");
        foreach ((string path, string reason) in refused)
        {
            writer.WriteStartObject();
            writer.WriteString("column", path);
            writer.WriteString("reason", reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (plot is not null) { writer.WriteString("plot", Path.GetFullPath(plot)); }
        writer.WriteEndObject();
    }

    private static void WriteJson(Utf8JsonWriter writer, ColumnSummary column)
    {
        writer.WriteStartObject();
        writer.WriteString("column", column.Path);
        writer.WriteNumber("rows", column.Rows);
        writer.WriteNumber("missing", column.Missing);
        if (column.IsNumeric)
        {
            writer.WriteNumber("infinite", column.Infinite);
            foreach ((string name, double number) in (ReadOnlySpan<(string, double)>)
                [("min", column.Minimum), ("max", column.Maximum), ("mean", column.Mean), ("sd", column.StandardDeviation)])
            {
                writer.WritePropertyName(name);
                JsonOutput.WriteNumber(writer, number);
            }

            GeneSummaryOutput.WriteNumbers(writer, "edges", [.. column.Edges]);
            GeneSummaryOutput.WriteNumbers(writer, "counts", [.. column.Counts.Select(count => (double)count)]);
        }
        else
        {
            writer.WriteStartArray("categories");
            for (int i = 0; i < column.Categories.Count; i++)
            {
                writer.WriteStartObject();
                writer.WriteString("name", column.Categories[i]);
                writer.WriteNumber("count", column.CategoryCounts[i]);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteCounts(TextWriter writer, ColumnSummary column)
    {
        writer.WriteLine();
        TextTable table = new TextTable(column.IsNumeric ? "from" : "category", "count").Right(1);
        if (column.IsNumeric)
        {
            for (int i = 0; i < column.Counts.Count; i++) { table.Add(Short(column.Edges[i]), Plots.Ticks.Count(column.Counts[i])); }
        }

        for (int i = 0; i < column.Categories.Count; i++) { table.Add(column.Categories[i], Plots.Ticks.Count(column.CategoryCounts[i])); }
        table.Write(writer);
    }

    private static string Categories(ColumnSummary column)
    {
        IEnumerable<string> most = Enumerable.Range(0, column.Categories.Count)
            .OrderByDescending(i => column.CategoryCounts[i]).Take(MaxShown)
            .Select(i => $"{SafeText.Cut(column.Categories[i], 24)} ({Plots.Ticks.Count(column.CategoryCounts[i])})");
        return $"{column.Categories.Count}: {string.Join(", ", most)}{(column.Categories.Count > MaxShown ? ", …" : "")}";
    }

    private static string Short(double number) => Words.Value((float)number);

    private static string Text(long number) => number.ToString(null, null);
}
