using System.Buffers;
using System.Text.Json;

namespace AnnDataCache.Parts;

/// <summary>The layout as JSON, and back. Reading is on the path of every hit.</summary>
internal static class LayoutJson
{
    /// <summary>Key of the footer's metadata that holds the JSON.</summary>
    internal const string MetadataKey = "anndata_cache.layout";

    /// <summary>How the JSON starts. Inside a JSON string the quotes would be escaped: the last such bytes of a file are the layout.</summary>
    internal static ReadOnlySpan<byte> Marker => "{\"anndata_cache\":"u8;

    private static readonly string[] s_partKinds = ["dense", "csr", "csc", "frame", "records", "column", "json", "pickle"];
    private static readonly string[] s_columnKinds = ["number", "bool", "string", "categorical", "sparse", "json", "list", "bytes"];

    /// <summary>How deep a layout may be nested, by its columns or by what an object's writer adds.</summary>
    internal const int MaxDepth = 24;

    internal static string NameOf(PartKind kind) => s_partKinds[(int)kind];

    internal static byte[] Write(PartLayout layout)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("anndata_cache", layout.Version);
            writer.WriteString("kind", NameOf(layout.Kind));
            writer.WriteString("element", layout.Element);
            writer.WriteString("source", layout.Source);
            WriteText(writer, "object", layout.Object);
            WriteText(writer, "derived", layout.Derived);
            WriteText(writer, "encoding_type", layout.EncodingType);
            WriteText(writer, "encoding_version", layout.EncodingVersion);
            WriteNumbers(writer, "shape", layout.Shape);
            WriteText(writer, "index", layout.IndexName);
            writer.WriteStartArray("columns");
            foreach (ColumnLayout column in layout.Columns) { Write(writer, column); }
            writer.WriteEndArray();
            if (layout.Refused.Count > 0) { WriteRefused(writer, layout.Refused); }
            if (layout.Pandas is { } pandas)
            {
                writer.WritePropertyName("pandas");
                writer.WriteRawValue(pandas, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, ColumnLayout column)
    {
        writer.WriteStartObject();
        writer.WriteString("name", column.Name);
        writer.WriteString("kind", s_columnKinds[(int)column.Kind]);
        writer.WriteString("dtype", column.Type.Name());
        writer.WriteNumber("rows", column.Rows);
        if (column.Width != 1) { writer.WriteNumber("width", column.Width); }
        if (column.Ordered) { writer.WriteBoolean("ordered", true); }
        if (column.Kind == ColumnKind.Sparse)
        {
            writer.WriteString("index_dtype", column.IndexType.Name());
            if (column.OffsetType != column.IndexType) { writer.WriteString("offsets_dtype", column.OffsetType.Name()); }
            writer.WriteBoolean("canonical", column.Canonical);
        }

        if (column.Kind == ColumnKind.String) { writer.WriteBoolean("ascii", column.Ascii); }
        WriteText(writer, "encoding", column.Encoding);
        if (column.Stored is { } stored)
        {
            writer.WriteStartObject("stored");
            foreach ((string buffer, string type) in stored) { writer.WriteString(buffer, type); }
            writer.WriteEndObject();
        }

        if (column.Shape is { } shape) { WriteNumbers(writer, "shape", shape); }
        if (column.Validity.Length > 0) { writer.WriteNumber("null_count", column.NullCount); }
        WriteRange(writer, "validity", column.Validity);
        WriteRange(writer, "offsets", column.Offsets);
        WriteRange(writer, "indices", column.Indices);
        WriteRange(writer, "values", column.Values);
        if (column.Categories is { } categories)
        {
            writer.WritePropertyName("categories");
            Write(writer, categories);
        }

        if (column.Items is { } items)
        {
            writer.WritePropertyName("items");
            Write(writer, items);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null) { writer.WriteString(name, value); }
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IReadOnlyList<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (long number in numbers) { writer.WriteNumberValue(number); }
        writer.WriteEndArray();
    }

    private static void WriteRange(Utf8JsonWriter writer, string name, BufferRange range)
    {
        if (range.Length > 0 || name == "values") { WriteNumbers(writer, name, [range.Offset, range.Length]); }
    }

    private static void WriteRefused(Utf8JsonWriter writer, IReadOnlyList<RefusedColumn> refused)
    {
        writer.WriteStartArray("refused");
        foreach (RefusedColumn column in refused)
        {
            writer.WriteStartObject();
            writer.WriteString("name", column.Name);
            writer.WriteString("reason", column.Reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Reads one JSON value; what follows it is not looked at.</summary>
    /// <exception cref="PartException">Not a layout, or of a newer version.</exception>
    internal static PartLayout Read(ReadOnlySpan<byte> json)
    {
        try
        {
            Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            return ReadPart(ref reader);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new PartException($"The part's layout cannot be read: {error.Message}", error);
        }
    }

    private static PartLayout ReadPart(ref Utf8JsonReader reader)
    {
        int version = 0;
        PartKind? kind = null;
        string? element = null, source = null, name = null, derived = null, encodingType = null, encodingVersion = null, index = null;
        List<long> shape = [];
        List<ColumnLayout> columns = [];
        List<RefusedColumn> refused = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("anndata_cache"u8))
            {
                reader.Read();
                version = reader.GetInt32();
                if (version != PartLayout.CurrentVersion) { throw new PartException($"The part has format version {version}; {PartLayout.CurrentVersion} is read"); }
            }
            else if (reader.ValueTextEquals("kind"u8)) { kind = (PartKind)ReadName(ref reader, s_partKinds); }
            else if (reader.ValueTextEquals("element"u8)) { element = ReadText(ref reader); }
            else if (reader.ValueTextEquals("source"u8)) { source = ReadText(ref reader); }
            else if (reader.ValueTextEquals("object"u8)) { name = ReadText(ref reader); }
            else if (reader.ValueTextEquals("derived"u8)) { derived = ReadText(ref reader); }
            else if (reader.ValueTextEquals("encoding_type"u8)) { encodingType = ReadText(ref reader); }
            else if (reader.ValueTextEquals("encoding_version"u8)) { encodingVersion = ReadText(ref reader); }
            else if (reader.ValueTextEquals("index"u8)) { index = ReadText(ref reader); }
            else if (reader.ValueTextEquals("shape"u8)) { ReadNumbers(ref reader, shape); }
            else if (reader.ValueTextEquals("columns"u8)) { ReadColumns(ref reader, columns); }
            else if (reader.ValueTextEquals("refused"u8)) { ReadRefused(ref reader, refused); }
            else { Skip(ref reader); }
        }

        if (version == 0 || kind is null || element is null || source is null) { throw new JsonException("version, kind, element or source is missing"); }
        return new PartLayout
        {
            Version = version, Kind = kind.Value, Element = element, Source = source, Object = name, Derived = derived, EncodingType = encodingType,
            EncodingVersion = encodingVersion, Shape = shape, Columns = columns, IndexName = index, Refused = refused,
        };
    }

    private static void ReadColumns(ref Utf8JsonReader reader, List<ColumnLayout> columns)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject) { columns.Add(ReadColumn(ref reader)); }
    }

    private static ColumnLayout ReadColumn(ref Utf8JsonReader reader)
    {
        string? name = null, encoding = null;
        ColumnKind? kind = null;
        DType type = default, indexType = default, offsetType = default;
        long rows = -1, width = 1, nulls = 0;
        bool ordered = false, canonical = false, ascii = false;
        BufferRange validity = default, values = default, offsets = default, indices = default;
        ColumnLayout? categories = null, items = null;
        Dictionary<string, string>? stored = null;
        List<long>? shape = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8)) { name = ReadText(ref reader); }
            else if (reader.ValueTextEquals("kind"u8)) { kind = (ColumnKind)ReadName(ref reader, s_columnKinds); }
            else if (reader.ValueTextEquals("dtype"u8)) { type = DTypes.Parse(ReadText(ref reader)); }
            else if (reader.ValueTextEquals("index_dtype"u8)) { indexType = DTypes.Parse(ReadText(ref reader)); }
            else if (reader.ValueTextEquals("offsets_dtype"u8)) { offsetType = DTypes.Parse(ReadText(ref reader)); }
            else if (reader.ValueTextEquals("rows"u8)) { rows = ReadNumber(ref reader); }
            else if (reader.ValueTextEquals("width"u8)) { width = ReadNumber(ref reader); }
            else if (reader.ValueTextEquals("null_count"u8)) { nulls = ReadNumber(ref reader); }
            else if (reader.ValueTextEquals("ordered"u8)) { ordered = ReadBool(ref reader); }
            else if (reader.ValueTextEquals("canonical"u8)) { canonical = ReadBool(ref reader); }
            else if (reader.ValueTextEquals("ascii"u8)) { ascii = ReadBool(ref reader); }
            else if (reader.ValueTextEquals("encoding"u8)) { encoding = ReadText(ref reader); }
            else if (reader.ValueTextEquals("validity"u8)) { validity = ReadRange(ref reader); }
            else if (reader.ValueTextEquals("values"u8)) { values = ReadRange(ref reader); }
            else if (reader.ValueTextEquals("offsets"u8)) { offsets = ReadRange(ref reader); }
            else if (reader.ValueTextEquals("indices"u8)) { indices = ReadRange(ref reader); }
            else if (reader.ValueTextEquals("shape"u8)) { ReadNumbers(ref reader, shape = []); }
            else if (reader.ValueTextEquals("stored"u8)) { stored = ReadStored(ref reader); }
            else if (reader.ValueTextEquals("categories"u8)) { reader.Read(); categories = ReadColumn(ref reader); }
            else if (reader.ValueTextEquals("items"u8)) { reader.Read(); items = ReadColumn(ref reader); }
            else { Skip(ref reader); }
        }

        if (name is null || kind is null || rows < 0) { throw new JsonException("a column has no name, kind or rows"); }
        return new ColumnLayout
        {
            Name = name, Kind = kind.Value, Type = type, Rows = rows, Width = width, Ordered = ordered, IndexType = indexType,
            OffsetType = offsetType, NullCount = nulls, Ascii = ascii, Canonical = canonical, Validity = validity, Values = values, Offsets = offsets,
            Indices = indices, Categories = categories, Items = items, Encoding = encoding, Stored = stored, Shape = shape,
        };
    }

    private static void ReadRefused(ref Utf8JsonReader reader, List<RefusedColumn> refused)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            string name = "", reason = "";
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("name"u8)) { name = ReadText(ref reader); }
                else if (reader.ValueTextEquals("reason"u8)) { reason = ReadText(ref reader); }
                else { Skip(ref reader); }
            }

            refused.Add(new RefusedColumn(name, reason));
        }
    }

    private static Dictionary<string, string> ReadStored(ref Utf8JsonReader reader)
    {
        Dictionary<string, string> stored = [];
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string buffer = reader.GetString()!;
            stored[buffer] = ReadText(ref reader);
        }

        return stored;
    }

    private static BufferRange ReadRange(ref Utf8JsonReader reader)
    {
        List<long> pair = new(2);
        ReadNumbers(ref reader, pair);
        return pair.Count == 2 ? new BufferRange(pair[0], pair[1]) : throw new JsonException("a buffer must be [offset, length]");
    }

    private static void ReadNumbers(ref Utf8JsonReader reader, List<long> numbers)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) { numbers.Add(reader.GetInt64()); }
    }

    private static long ReadNumber(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetInt64();
    }

    private static bool ReadBool(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetBoolean();
    }

    private static string ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString() ?? throw new JsonException("a text is null");
    }

    internal static PartKind ParseKind(string name) => (PartKind)Find(name, s_partKinds);

    internal static ColumnKind ParseColumnKind(string name) => (ColumnKind)Find(name, s_columnKinds);

    private static int Find(string name, string[] names) => Array.IndexOf(names, name) is >= 0 and int found
        ? found
        : throw new FormatException($"'{name}' is none of {string.Join(", ", names)}");

    private static int ReadName(ref Utf8JsonReader reader, string[] names)
    {
        reader.Read();
        for (int i = 0; i < names.Length; i++)
        {
            if (reader.ValueTextEquals(names[i])) { return i; }
        }

        throw new JsonException($"'{reader.GetString()}' is none of {string.Join(", ", names)}");
    }

    private static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
