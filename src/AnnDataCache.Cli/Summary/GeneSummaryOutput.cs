using System.Text.Json;
using AnnDataCache.Cli.Export;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Numbers of genes as a table, as comma-separated values, or as JSON.</summary>
internal sealed class GeneSummaryOutput(GeneSummary summary, string element, string? groupBy)
{
    internal void WriteText(TextWriter writer)
    {
        TextTable table = new TextTable("gene", groupBy ?? "cells", "cells", "mean", "variance", "expressed").Right(2, 3, 4, 5);
        foreach ((string gene, int group, int at) in Rows())
        {
            table.Add(
                gene, summary.Groups[group], Plots.Ticks.Count(summary.CellCounts[group]), Words.Value((float)summary.Means[at]),
                Words.Value((float)summary.Variances[at]), double.IsNaN(summary.Fractions[at]) ? "NaN" : $"{100 * summary.Fractions[at]:0.0} %");
        }

        table.Write(writer);
        if (summary.UngroupedCells == 0) { return; }
        writer.WriteLine($"{Words.Count(summary.UngroupedCells, "cell")} without a value of '{SafeText.OneLine(groupBy!)}' left out");
    }

    internal void WriteCsv(TextWriter writer)
    {
        CsvExport.WriteRow(writer, ["gene", "group", "cells", "mean", "variance", "fraction"]);
        foreach ((string gene, int group, int at) in Rows())
        {
            IEnumerable<string> numbers = Numbers(summary.CellCounts[group], summary.Means[at], summary.Variances[at], summary.Fractions[at]);
            CsvExport.WriteRow(writer, [gene, summary.Groups[group], .. numbers]);
        }
    }

    internal void WriteJson(Utf8JsonWriter writer, string? plot)
    {
        writer.WriteStartObject();
        writer.WriteString("element", element);
        if (groupBy is not null) { writer.WriteString("groupby", groupBy); }
        writer.WriteStartArray("groups");
        for (int group = 0; group < summary.Groups.Count; group++)
        {
            writer.WriteStartObject();
            writer.WriteString("name", summary.Groups[group]);
            writer.WriteNumber("cells", summary.CellCounts[group]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("ungrouped_cells", summary.UngroupedCells);
        writer.WriteStartArray("genes");
        int width = summary.Groups.Count;
        for (int gene = 0; gene < summary.Genes.Count; gene++)
        {
            writer.WriteStartObject();
            writer.WriteString("name", summary.Genes[gene]);
            WriteNumbers(writer, "mean", summary.Means.Slice(gene * width, width));
            WriteNumbers(writer, "variance", summary.Variances.Slice(gene * width, width));
            WriteNumbers(writer, "fraction", summary.Fractions.Slice(gene * width, width));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (plot is not null) { writer.WriteString("plot", Path.GetFullPath(plot)); }
        writer.WriteEndObject();
    }

    internal static void WriteNumbers(Utf8JsonWriter writer, string name, ReadOnlySpan<double> numbers)
    {
        writer.WriteStartArray(name);
        foreach (double number in numbers) { JsonOutput.WriteNumber(writer, number); }
        writer.WriteEndArray();
    }

    private IEnumerable<(string Gene, int Group, int At)> Rows()
    {
        for (int gene = 0; gene < summary.Genes.Count; gene++)
        {
            for (int group = 0; group < summary.Groups.Count; group++)
            {
                yield return (summary.Genes[gene], group, (gene * summary.Groups.Count) + group);
            }
        }
    }

    /// <summary>A count and numbers with all their digits; what is missing is an empty field.</summary>
    private static IEnumerable<string> Numbers(long count, params double[] numbers) =>
        [count.ToString(null, null), .. numbers.Select(number => double.IsNaN(number) ? "" : DTypes.Text(number))];
}
