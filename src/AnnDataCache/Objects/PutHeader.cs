using System.Text.Json;
using AnnDataCache.Parts;

namespace AnnDataCache.Objects;

/// <summary>The header of a put stream: a layout whose buffers have lengths, but no places yet. Strict: what is unknown is refused.</summary>
internal static class PutHeader
{
    /// <exception cref="ElementException">Not such a header.</exception>
    internal static PartLayout Read(ReadOnlyMemory<byte> json, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = LayoutJson.MaxDepth, AllowDuplicateProperties = false });
            return Read(document.RootElement, name);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw ObjectWriter.Bad(name, $"its header cannot be read ({wrong.Message.TrimEnd('.')})", wrong);
        }
    }

    private static PartLayout Read(JsonElement header, string name)
    {
        PartKind? kind = null;
        string? encodingType = null, encodingVersion = null, index = null, pandas = null;
        IReadOnlyList<long> shape = [];
        IReadOnlyList<ColumnLayout> columns = [];
        foreach (JsonProperty member in header.EnumerateObject())
        {
            switch (member.Name)
            {
                case "kind": kind = LayoutJson.ParseKind(Text(member)); break;
                case "shape": shape = Numbers(member.Value); break;
                case "encoding_type": encodingType = Text(member); break;
                case "encoding_version": encodingVersion = Text(member); break;
                case "index": index = Text(member); break;
                case "columns": columns = [.. member.Value.EnumerateArray().Select(ReadColumn)]; break;
                case "pandas": pandas = Verbatim(member.Value); break;
                default: throw Unknown(member.Name);
            }
        }

        if (index is not null && (kind != PartKind.Frame || columns.Count == 0 || columns[0].Name != index))
        {
            throw new FormatException($"the index '{index}' is not the first column of a frame");
        }

        if (kind == PartKind.Frame && (shape.Count != 2 || shape[1] != columns.Count - (index is null ? 0 : 1)))
        {
            throw new FormatException("the shape of a frame is (rows, columns without the index)");
        }

        return new PartLayout
        {
            Kind = kind ?? throw new FormatException("it has no 'kind'"), Element = name, Source = "", Object = name, EncodingType = encodingType,
            EncodingVersion = encodingVersion, Shape = shape, Columns = columns, IndexName = index, Pandas = pandas,
        };
    }

    /// <summary>Missing values, ASCII and canonical order are found in the bytes; what is said of them is not asked for.</summary>
    private static ColumnLayout ReadColumn(JsonElement column)
    {
        string? name = null, encoding = null;
        ColumnKind? kind = null;
        DType type = default, indexType = default;
        long rows = -1, width = 1;
        bool ordered = false;
        BufferRange validity = default, values = default, offsets = default, indices = default;
        ColumnLayout? categories = null, items = null;
        IReadOnlyList<long>? shape = null;
        foreach (JsonProperty member in column.EnumerateObject())
        {
            switch (member.Name)
            {
                case "name": name = Text(member); break;
                case "kind": kind = LayoutJson.ParseColumnKind(Text(member)); break;
                case "dtype": type = DTypes.Parse(Text(member)); break;
                case "index_dtype": indexType = DTypes.Parse(Text(member)); break;
                case "rows": rows = member.Value.GetInt64(); break;
                case "width": width = member.Value.GetInt64(); break;
                case "ordered": ordered = member.Value.GetBoolean(); break;
                case "encoding": encoding = Text(member); break;
                case "shape": shape = Numbers(member.Value); break;
                case "validity": validity = Length(member); break;
                case "offsets": offsets = Length(member); break;
                case "indices": indices = Length(member); break;
                case "values": values = Length(member); break;
                case "categories": categories = ReadColumn(member.Value); break;
                case "items": items = ReadColumn(member.Value); break;
                case "null_count" or "ascii" or "canonical": break;
                default: throw Unknown(member.Name);
            }
        }

        if (name is null || kind is null || rows < 0) { throw new FormatException("a column has no 'name', 'kind' or 'rows'"); }
        return new ColumnLayout
        {
            Name = name, Kind = kind.Value, Type = type, Rows = rows, Width = width, Ordered = ordered, IndexType = indexType, Encoding = encoding,
            Validity = validity, Values = values, Offsets = offsets, Indices = indices, Categories = categories, Items = items, Shape = shape,
        };
    }

    private static BufferRange Length(JsonProperty member) => member.Value.GetInt64() is >= 0 and long length
        ? new BufferRange(0, length)
        : throw new FormatException($"the length of '{member.Name}' is negative");

    private static List<long> Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt64())];

    private static string Text(JsonProperty member) => member.Value.GetString() ?? throw new FormatException($"'{member.Name}' is null");

    /// <summary>A reader finds the layout by its first bytes, from behind: they must not come again inside it.</summary>
    private static string Verbatim(JsonElement value) => value.GetRawText() is var text && !text.Contains("{\"anndata_cache\":", StringComparison.Ordinal)
        ? text
        : throw new FormatException("'pandas' must not hold an object that starts as a layout does");

    private static FormatException Unknown(string member) => new($"'{member}' is no member that is known");
}
