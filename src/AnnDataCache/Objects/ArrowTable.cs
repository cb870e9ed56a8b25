using System.Text.Json;
using AnnDataCache.Parts;
using AnnDataCache.Store;
using Apache.Arrow;

namespace AnnDataCache.Objects;

/// <summary>An Arrow table as an object.</summary>
internal static class ArrowTable
{
    internal static PutResult Put(PartStore store, string name, RecordBatch table, bool overwrite, CancellationToken cancellation)
    {
        ArrowColumn[] columns = new ArrowColumn[table.ColumnCount];
        for (int i = 0; i < columns.Length; i++)
        {
            string column = table.Schema.GetFieldByIndex(i).Name;
            columns[i] = ArrowColumn.Of(column, table.Column(i)) ?? throw ObjectWriter.Bad(
                name, $"column '{column}' is {table.Column(i).Data.DataType.Name}; numbers, bools, strings, lists of fixed size and dictionaries of those are kept");
        }

        string? index = IndexOf(table.Schema);
        PartLayout layout = new()
        {
            Kind = PartKind.Frame, Element = name, Source = "", Object = name, IndexName = index,
            Shape = [table.Length, columns.Length - (index is null ? 0 : 1)], Columns = [.. columns.Select(column => column.Layout)],
        };
        using ObjectWriter writer = ObjectWriter.Reserve(store, layout, overwrite);
        foreach (ArrowColumn column in columns)
        {
            cancellation.ThrowIfCancellationRequested();
            column.Fill(writer.Target);
        }

        return writer.Seal(cancellation);
    }

    /// <summary>The first column, where pandas' metadata say that it holds the row names.</summary>
    private static string? IndexOf(Schema schema)
    {
        if (schema.Metadata is not { } metadata || !metadata.TryGetValue("pandas", out string? pandas) || schema.FieldsList.Count == 0) { return null; }
        try
        {
            using JsonDocument document = JsonDocument.Parse(pandas);
            return document.RootElement.TryGetProperty("index_columns", out JsonElement names) && names.ValueKind == JsonValueKind.Array
                && names.GetArrayLength() == 1 && names[0].ValueKind == JsonValueKind.String && names[0].GetString() == schema.GetFieldByIndex(0).Name
                ? schema.GetFieldByIndex(0).Name
                : null;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return null; // metadata are the writer's own affair
        }
    }
}
