using System.Buffers.Binary;
using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>A node's attributes: JSON values as the seam knows them. What is neither numbers nor texts is named, not read.</summary>
internal sealed class AttributeJson
{
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);

    /// <param name="attributes">An object, or nothing where the node has none.</param>
    internal AttributeJson(JsonElement? attributes)
    {
        if (attributes is not { ValueKind: JsonValueKind.Object } values) { Names = []; return; }
        foreach (JsonProperty attribute in ZarrJson.Guard(() => values.EnumerateObject().ToArray())) { _values[ZarrJson.Guard(() => attribute.Name)] = attribute.Value; }
        Names = [.. _values.Keys.Order(StringComparer.Ordinal)];
    }

    internal IReadOnlyList<string> Names { get; }

    internal AttributeValue? Find(string name) => _values.TryGetValue(name, out JsonElement value) ? Read(value, name) : null;

    private static AttributeValue? Read(JsonElement value, string name)
    {
        if (value.ValueKind == JsonValueKind.Null) { return null; }
        if (value.ValueKind != JsonValueKind.Array) { return Of([value], [], name); }
        JsonElement[] entries = value.List(name);
        return Of(entries, [entries.Length], name);
    }

    private static AttributeValue Of(JsonElement[] entries, long[] shape, string name)
    {
        if (entries.Length == 0) { return Numbers(DType.Float64, entries, shape, static (_, _) => { }); }
        if (entries.All(entry => entry.ValueKind == JsonValueKind.String))
        {
            StoredType text = new(StoredClass.VariableString, sizeof(long), "vlen-str-utf8");
            return new AttributeValue(text, shape, default, [.. entries.Select(entry => entry.Text(name))]);
        }

        if (entries.All(entry => entry.ValueKind is JsonValueKind.True or JsonValueKind.False))
        {
            return Numbers(DType.Bool, entries, shape, static (entry, bytes) => bytes[0] = entry.GetBoolean() ? (byte)1 : (byte)0);
        }

        if (entries.All(entry => entry.ValueKind == JsonValueKind.Number && entry.TryGetInt64(out _)))
        {
            return Numbers(DType.Int64, entries, shape, static (entry, bytes) => BinaryPrimitives.WriteInt64LittleEndian(bytes, entry.GetInt64()));
        }

        return entries.All(entry => entry.ValueKind == JsonValueKind.Number)
            ? Numbers(DType.Float64, entries, shape, static (entry, bytes) => BinaryPrimitives.WriteDoubleLittleEndian(bytes, entry.GetDouble()))
            : new AttributeValue(new StoredType(StoredClass.Other, 1, "JSON"), shape, default, []);
    }

    private static AttributeValue Numbers(DType type, JsonElement[] entries, long[] shape, Action<JsonElement, byte[]> write)
    {
        int size = type.Size();
        byte[] bytes = new byte[entries.Length * size], one = new byte[size];
        for (int i = 0; i < entries.Length; i++)
        {
            write(entries[i], one);
            one.CopyTo(bytes, i * size);
        }

        return new AttributeValue(new StoredType(StoredClass.Number, size, type.Name()) { Number = type }, shape, bytes, []);
    }
}
