using System.Buffers;
using System.Text;
using System.Text.Json;

namespace AnnDataCache.Parts;

/// <summary>Schema metadata of a dataframe: which column is the index, in pandas' words and in AnnData's.</summary>
internal static class PandasMetadata
{
    internal static IReadOnlyList<(string Key, string Value)> Of(PartLayout layout) =>
        [("pandas", Write(writer => Pandas(writer, layout))), ("anndata", Write(writer => AnnData(writer, layout)))];

    private static void AnnData(Utf8JsonWriter writer, PartLayout layout)
    {
        if (layout.IndexName is not null) { writer.WriteString("_index", layout.IndexName); }
        writer.WriteStartObject("encodings");
        foreach (ColumnLayout column in layout.Columns) { writer.WriteString(column.Name, column.Encoding ?? ""); }
        writer.WriteEndObject();
    }

    private static void Pandas(Utf8JsonWriter writer, PartLayout layout)
    {
        writer.WriteStartArray("index_columns");
        if (layout.IndexName is not null) { writer.WriteStringValue(layout.IndexName); }
        writer.WriteEndArray();
        writer.WriteStartArray("column_indexes");
        writer.WriteEndArray();
        writer.WriteStartArray("columns");
        foreach (ColumnLayout column in layout.Columns)
        {
            string type = TypeOf(column);
            writer.WriteStartObject();
            writer.WriteString("name", column.Name);
            writer.WriteString("field_name", column.Name);
            writer.WriteString("pandas_type", type);
            writer.WriteString("numpy_type", type == "unicode" ? "object" : type == "categorical" ? column.Type.Name() : type);
            writer.WriteNull("metadata");
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("pandas_version", "1.5.3");
    }

    private static string TypeOf(ColumnLayout column) => column.Kind switch
    {
        ColumnKind.Categorical => "categorical",
        ColumnKind.String or ColumnKind.Json => "unicode",
        ColumnKind.Bool => "bool",
        _ => column.Type.Name(),
    };

    private static string Write(Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
