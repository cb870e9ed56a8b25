using System.Security.Cryptography;
using System.Text.Json;

namespace AnnDataCache.Tests.Foreign;

/// <summary>What a foreign reader found in a part against what the element is known to hold.</summary>
/// <remarks>A difference is a text that says what differs; null means that all of it agrees.</remarks>
internal static class ForeignComparison
{
    /// <summary>Compares an element with its part.</summary>
    /// <param name="part">What the reader found.</param>
    /// <param name="column">Name of the column in a dataframe's part; null for an element with a part of its own.</param>
    /// <param name="path">Path of the element.</param>
    /// <param name="expected">Its description, as the oracle and the verb <c>checksum</c> write it.</param>
    internal static string? Difference(JsonElement part, string? column, string path, JsonElement expected)
    {
        if (part.TryGetProperty("error", out JsonElement error)) { return $"cannot be read: {error.GetString()}"; }
        string kind = Text(expected, "kind");
        if (kind is "dict" or "null" || kind.StartsWith("scalar-", StringComparison.Ordinal)) { return InJson(part, path, kind, expected); }
        if (kind == "dataframe") { return Frame(part, expected); }
        JsonElement[] columns = [.. part.GetProperty("columns").EnumerateArray()];
        if (expected.TryGetProperty("legacy_categorical", out JsonElement legacy)) { (kind, expected) = ("categorical", legacy); }
        JsonElement found = column is null ? Assert.Single(columns) : columns.Single(candidate => Text(candidate, "name") == column);
        return (column is null && kind is "dense" or "csr" or "csc" ? Field(found, kind, expected) : null) ?? Column(found, kind, expected);
    }

    private static string? Column(JsonElement found, string kind, JsonElement expected) => kind switch
    {
        "dense" => Is("kind", Text(found, "kind"), "numbers")
            ?? (Text(expected, "dtype") == "bool" && Text(found, "type") == "uint8" ? null : Same(found, "type", expected, "dtype"))
            ?? Same(found, "n", expected, "n") ?? Same(found, "sha256", expected, "sha256"),
        "string-array" => Same(found, "zeroed", expected, "sha256") ?? Same(found, "n", expected, "n") ?? Is("nulls", Number(found, "nulls"), 0),
        "categorical" => Is("kind", Text(found, "kind"), "dictionary") ?? Same(found, "codes", expected, "codes_sha256_i4")
            ?? (expected.TryGetProperty("ordered", out _) ? Same(found, "ordered", expected, "ordered") : null) ?? Same(found, "n", expected, "n") ?? Same(found, "nulls", expected, "missing_count")
            ?? Column(found.GetProperty("categories"), Text(expected.GetProperty("categories"), "kind"), expected.GetProperty("categories")),
        "nullable-integer" or "nullable-boolean" or "nullable-string-array" => Same(found, "nulls", expected, "null_count")
            ?? Same(found, "mask", expected, "mask_sha256") ?? Same(found, "zeroed", expected, "values_nulls_zeroed_sha256")
            ?? (kind == "nullable-string-array" ? null : Same(found, "type", expected, "dtype")),
        "csr" or "csc" => Is("kind", Text(found, "kind"), "lists") ?? Same(found, "type", expected, "data_dtype")
            ?? Same(found, "entries", expected, "nnz_stored") ?? Same(found, "values", expected, "data_sha256")
            ?? Same(found, "indices", expected, "indices_sha256_i8") ?? Same(found, "offsets", expected, "indptr_sha256_i8"),
        _ => $"is a '{kind}', which is not compared",
    };

    /// <summary>The metadata of the field of a matrix or array.</summary>
    private static string? Field(JsonElement found, string kind, JsonElement expected)
    {
        JsonElement metadata = found.GetProperty("metadata");
        return Is("shape", Text(metadata, "shape"), $"[{string.Join(',', expected.GetProperty("shape").EnumerateArray())}]")
            ?? Is("field's kind", Text(metadata, "kind"), kind);
    }

    private static string? Frame(JsonElement part, JsonElement expected)
    {
        string[] names = [.. part.GetProperty("columns").EnumerateArray().Select(column => Text(column, "name"))];
        string index = Text(expected, "index_key");
        bool isRecords = expected.TryGetProperty("fields", out JsonElement fields); // an array of records has no other order than its own
        IEnumerable<string> others = (isRecords ? fields : expected.GetProperty("column_order")).EnumerateArray().Select(name => name.GetString()!);
        string[] wanted = [index, .. others.Where(name => name != index)];
        JsonElement pandas = JsonDocument.Parse(Text(part.GetProperty("metadata"), "pandas")).RootElement;
        return Is("columns", string.Join('|', names), string.Join('|', wanted.Where(names.Contains))) // a refused one is not there
            ?? (expected.TryGetProperty("n_rows", out _) ? Same(part, "rows", expected, "n_rows") : null) // not counted where there is no index
            ?? Is("index of pandas", Assert.Single(pandas.GetProperty("index_columns").EnumerateArray()).GetString(), index);
    }

    private static string? InJson(JsonElement part, string path, string kind, JsonElement expected)
    {
        string text = Assert.Single(part.GetProperty("columns").EnumerateArray()).GetProperty("first")[0].GetString()!;
        if (Find(JsonDocument.Parse(text).RootElement, path) is not { } found) { return $"is not in {text}"; }
        switch (kind)
        {
            case "dict":
                string[] names = [.. Children(found).Select(child => Text(child, "path")[(path.Length + 1)..]).Order(StringComparer.Ordinal)];
                string[] keys = [.. expected.GetProperty("keys").EnumerateArray().Select(key => key.GetString()!).Order(StringComparer.Ordinal)];
                return Is("keys", string.Join('|', names), string.Join('|', keys));
            case "null": return Is("kind", Text(found, "kind"), "null");
            case "scalar-string": return Same(found, "value", expected, "value");
            default: return Same(found, "dtype", expected, "dtype") ?? Is("bytes", Hash(found), Text(expected, "sha256"));
        }
    }

    /// <summary>SHA-256 of a scalar as its type says.</summary>
    private static string Hash(JsonElement scalar)
    {
        if (scalar.TryGetProperty("bytes", out JsonElement bytes)) { return Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(bytes.GetString()!))); }
        JsonElement value = scalar.GetProperty("value");
        DType type = DTypes.Parse(Text(scalar, "dtype"));
        object number = type switch
        {
            DType.Bool => value.GetBoolean(),
            DType.Int8 => value.GetSByte(),
            DType.Int16 => value.GetInt16(),
            DType.Int32 => value.GetInt32(),
            DType.Int64 => value.GetInt64(),
            DType.UInt8 => value.GetByte(),
            DType.UInt16 => value.GetUInt16(),
            DType.UInt32 => value.GetUInt32(),
            DType.UInt64 => value.GetUInt64(),
            DType.Float16 => (Half)value.GetDouble(),
            DType.Float32 => value.GetSingle(),
            _ => value.GetDouble(),
        };
        return Convert.ToHexStringLower(SHA256.HashData(type.ToBytes(number)));
    }

    private static JsonElement? Find(JsonElement at, string path)
    {
        while (Text(at, "path") != path)
        {
            JsonElement[] next = [.. Children(at).Where(child => path == Text(child, "path") || path.StartsWith(Text(child, "path") + "/", StringComparison.Ordinal))];
            if (next.Length == 0) { return null; }
            at = next[0];
        }

        return at;
    }

    private static IEnumerable<JsonElement> Children(JsonElement dict) =>
        dict.TryGetProperty("children", out JsonElement children) ? children.EnumerateArray() : [];

    private static string? Same(JsonElement found, string member, JsonElement expected, string name) =>
        !found.TryGetProperty(member, out JsonElement value) ? $"{member} is not there"
        : JsonElement.DeepEquals(value, expected.GetProperty(name)) ? null
        : $"{member} is {value} where {name} is {expected.GetProperty(name)}";

    private static string? Is<T>(string what, T found, T expected) => Equals(found, expected) ? null : $"{what} is {found}, not {expected}";

    private static string Text(JsonElement of, string member) => of.GetProperty(member).GetString()!;

    private static long Number(JsonElement of, string member) => of.GetProperty(member).GetInt64();
}
