using System.Buffers;
using System.Numerics;
using System.Text.Json;

namespace AnnDataCache.Elements;

/// <summary>An element tree as JSON, and back: what the part of a dict holds (docs/part-format.md).</summary>
/// <remarks>
/// A number's <c>value</c> is JSON's where JSON can say it exactly; NaN, infinities and complex numbers carry their
/// little-endian <c>bytes</c> in hexadecimal instead, so that every bit survives.
/// </remarks>
internal static class TreeJson
{
    private static readonly JsonReaderOptions s_reading = new() { MaxDepth = (2 * ElementTree.MaxDepth) + 8 };

    internal static byte[] Write(ElementInfo tree)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { MaxDepth = s_reading.MaxDepth }))
        {
            Write(writer, tree);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, ElementInfo info)
    {
        writer.WriteStartObject();
        writer.WriteString("path", info.Path);
        if (info.Path[(info.Path.LastIndexOf('/') + 1)..] != info.Name) { writer.WriteString("name", info.Name); }
        writer.WriteString("kind", info.Kind.Name());
        WriteText(writer, "encoding_type", info.EncodingType);
        WriteText(writer, "encoding_version", info.EncodingVersion);
        if (info.Shape.Count > 0)
        {
            writer.WriteStartArray("shape");
            foreach (long length in info.Shape) { writer.WriteNumberValue(length); }
            writer.WriteEndArray();
        }

        WriteText(writer, "dtype", info.Type?.Name());
        if (info.NonZeros is { } entries) { writer.WriteNumber("nnz", entries); }
        if (info.Ordered) { writer.WriteBoolean("ordered", true); }
        WriteText(writer, "na_value", info.NaValue);
        WriteText(writer, "storage", info.Storage);
        WriteText(writer, "reason", info.Reason);
        WriteText(writer, "index", info.IndexName);
        if (info.PartPath != info.Path) { writer.WriteString("part", info.PartPath); }
        if (info.Value is { } value) { WriteValue(writer, info.Type, value); }
        if (info.Children.Count > 0 || info.Kind is ElementKind.Dict or ElementKind.DataFrame)
        {
            writer.WriteStartArray("children");
            foreach (ElementInfo child in info.Children) { Write(writer, child); }
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null) { writer.WriteString(name, value); }
    }

    private static void WriteValue(Utf8JsonWriter writer, DType? type, object value)
    {
        switch (value)
        {
            case string text: writer.WriteString("value", text); break;
            case byte[] bytes: writer.WriteString("bytes", Convert.ToHexString(bytes)); break;
            case bool flag: writer.WriteBoolean("value", flag); break;
            case float number when float.IsFinite(number): writer.WriteNumber("value", number); break;
            case double number when double.IsFinite(number):
                writer.WritePropertyName("value");
                writer.WriteRawValue(DTypes.Text(number));
                break;
            case Half number when Half.IsFinite(number): writer.WriteNumber("value", (float)number); break;
            case ulong number: writer.WriteNumber("value", number); break;
            case Half or float or double or Complex:
                writer.WriteString("bytes", Convert.ToHexString(type!.Value.ToBytes(value)));
                break;
            default: writer.WriteNumber("value", Convert.ToInt64(value, null)); break;
        }
    }

    /// <exception cref="JsonException">Not what <see cref="Write(ElementInfo)"/> has written.</exception>
    internal static ElementInfo Read(ReadOnlySpan<byte> json)
    {
        try
        {
            Utf8JsonReader reader = new(json, s_reading);
            reader.Read();
            return ReadElement(ref reader);
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException or OverflowException or KeyNotFoundException)
        {
            throw new JsonException($"Not a tree of elements: {error.Message}", error);
        }
    }

    private static ElementInfo ReadElement(ref Utf8JsonReader reader)
    {
        Draft draft = new();
        if (reader.TokenType != JsonTokenType.StartObject) { throw new JsonException("An element must be an object."); }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            ReadMember(ref reader, draft, name);
        }

        return draft.ToInfo();
    }

    private static void ReadMember(ref Utf8JsonReader reader, Draft draft, string name)
    {
        switch (name)
        {
            case "path": draft.Path = reader.GetString()!; break;
            case "name": draft.Name = reader.GetString(); break;
            case "kind": draft.Kind = ParseKind(reader.GetString()!); break;
            case "encoding_type": draft.EncodingType = reader.GetString(); break;
            case "encoding_version": draft.EncodingVersion = reader.GetString(); break;
            case "dtype": draft.Type = DTypes.Parse(reader.GetString()!); break;
            case "nnz": draft.NonZeros = reader.GetInt64(); break;
            case "ordered": draft.Ordered = reader.GetBoolean(); break;
            case "na_value": draft.NaValue = reader.GetString(); break;
            case "storage": draft.Storage = reader.GetString(); break;
            case "reason": draft.Reason = reader.GetString(); break;
            case "index": draft.IndexName = reader.GetString(); break;
            case "part": draft.PartPath = reader.GetString(); break;
            case "bytes": draft.Value = ReadBytes(Convert.FromHexString(reader.GetString()!), draft.Type); break;
            case "value": draft.Value = ReadValue(ref reader, draft.Type); break;
            case "shape":
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) { draft.Shape.Add(reader.GetInt64()); }
                break;
            case "children":
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) { draft.Children.Add(ReadElement(ref reader)); }
                break;
            default: reader.Skip(); break;
        }
    }

    private static object ReadBytes(byte[] bytes, DType? type) => type is { } number ? number.FromBytes(bytes) : bytes;

    private static object ReadValue(ref Utf8JsonReader reader, DType? type) => type switch
    {
        null => reader.GetString()!,
        DType.Bool => reader.GetBoolean(),
        DType.Int8 => reader.GetSByte(),
        DType.UInt8 => reader.GetByte(),
        DType.Int16 => reader.GetInt16(),
        DType.UInt16 => reader.GetUInt16(),
        DType.Int32 => reader.GetInt32(),
        DType.UInt32 => reader.GetUInt32(),
        DType.Int64 => reader.GetInt64(),
        DType.UInt64 => reader.GetUInt64(),
        DType.Float16 => (Half)reader.GetSingle(),
        DType.Float32 => reader.GetSingle(),
        _ => reader.GetDouble(),
    };

    private static ElementKind ParseKind(string name)
    {
        foreach (ElementKind kind in Enum.GetValues<ElementKind>())
        {
            if (kind.Name() == name) { return kind; }
        }

        throw new JsonException($"'{name}' is no kind of element.");
    }

    /// <summary>An element whose members arrive one by one.</summary>
    private sealed class Draft
    {
        internal string Path = "";
        internal ElementKind Kind;
        internal string? Name, NaValue, EncodingType, EncodingVersion, Storage, Reason, IndexName, PartPath;
        internal DType? Type;
        internal long? NonZeros;
        internal bool Ordered;
        internal object? Value;
        internal readonly List<long> Shape = [];
        internal readonly List<ElementInfo> Children = [];

        internal ElementInfo ToInfo() => new(Path, Kind, Name)
        {
            EncodingType = EncodingType, EncodingVersion = EncodingVersion, Storage = Storage, Reason = Reason,
            IndexName = IndexName, PartPath = PartPath ?? Path, Type = Type, NonZeros = NonZeros, Ordered = Ordered, NaValue = NaValue,
            Value = Value, Shape = Shape, Children = Children,
        };
    }
}
