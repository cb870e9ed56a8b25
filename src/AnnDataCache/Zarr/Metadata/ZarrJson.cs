using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Metadata as JSON: bounded in size and depth, with what Python writes beyond the standard.</summary>
internal static class ZarrJson
{
    /// <summary>Of one node. Attributes may hold a colour map or a few paragraphs, not data.</summary>
    internal const int MaxBytes = 32 << 20;

    /// <summary>Of all nodes in one text.</summary>
    internal const int MaxConsolidatedBytes = 512 << 20;

    internal const int MaxDepth = 64;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth };

    /// <summary>An object.</summary>
    /// <exception cref="DamagedContainerException">Not JSON, too deep, or not an object.</exception>
    internal static JsonElement Parse(byte[] text, string key)
    {
        try
        {
            JsonElement root = ParseAny(text);
            if (text.AsSpan().IndexOf("\\u"u8) >= 0) { RequireTexts(root); }
            return root.ValueKind == JsonValueKind.Object ? root : throw new DamagedContainerException($"'{key}' is JSON, but not an object.");
        }
        catch (JsonException damage)
        {
            throw new DamagedContainerException($"'{key}' cannot be read: {damage.Message}", damage);
        }
    }

    /// <summary>A member; null when there is none, or when it is JSON's null.</summary>
    internal static JsonElement? Find(this JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <exception cref="DamagedContainerException">It is missing.</exception>
    internal static JsonElement Get(this JsonElement parent, string name) =>
        parent.Find(name) ?? throw new DamagedContainerException($"'{name}' is missing.");

    /// <summary>A member's text; null when it is missing.</summary>
    internal static string? FindText(this JsonElement parent, string name) => parent.Find(name)?.Text(name);

    internal static string Text(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.String ? Guard(value.GetString)! : throw Wrong(value, what, "a text");

    internal static long Integer(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : throw Wrong(value, what, "an integer");

    internal static long[] Integers(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(entry => entry.Integer(what))] : throw Wrong(value, what, "a list of integers");

    internal static JsonElement[] List(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Wrong(value, what, "a list");

    internal static DamagedContainerException Wrong(JsonElement value, string what, string wanted)
    {
        string text = value.GetRawText();
        return new DamagedContainerException($"'{what}' is {(text.Length > 60 ? text[..60] + "…" : text)}; {wanted} is expected.");
    }

    /// <summary>Names and texts that are half of a surrogate pair would be found only when they are looked at.</summary>
    private static void RequireTexts(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) { _ = Guard(value.GetString); }
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement entry in value.EnumerateArray()) { RequireTexts(entry); }
        }

        if (value.ValueKind != JsonValueKind.Object) { return; }
        foreach (JsonProperty member in value.EnumerateObject())
        {
            _ = Guard(() => member.Name);
            RequireTexts(member.Value);
        }
    }

    /// <summary>Reads text that may be damaged.</summary>
    internal static T Guard<T>(Func<T> read)
    {
        try { return read(); }
        catch (InvalidOperationException damage) { throw new DamagedContainerException($"A text is damaged: {damage.Message}", damage); }
    }

    private static JsonElement ParseAny(byte[] text)
    {
        ReadOnlyMemory<byte> json = text.AsSpan().StartsWith("\uFEFF"u8) ? text.AsMemory(3) : text;
        try
        {
            return JsonDocument.Parse(json, s_options).RootElement;
        }
        catch (JsonException) when (QuoteNumbersThatJsonLacks(json.Span) is { } quoted)
        {
            return JsonDocument.Parse(quoted, s_options).RootElement;
        }
    }

    /// <summary>Python writes NaN, Infinity and -Infinity bare; null when there are none.</summary>
    private static byte[]? QuoteNumbersThatJsonLacks(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("NaN"u8) < 0 && text.IndexOf("Infinity"u8) < 0) { return null; }
        using MemoryStream quoted = new(text.Length + 64);
        bool inside = false;
        while (text.Length > 0)
        {
            int length = inside ? 0 : text.StartsWith("NaN"u8) ? 3 : text.StartsWith("Infinity"u8) ? 8 : text.StartsWith("-Infinity"u8) ? 9 : 0;
            if (length > 0) { quoted.WriteByte((byte)'"'); }
            else { length = inside && text[0] == (byte)'\\' && text.Length > 1 ? 2 : 1; }
            if (text[0] == (byte)'"') { inside = !inside; }
            quoted.Write(text[..length]);
            if (!inside && length > 2) { quoted.WriteByte((byte)'"'); }
            text = text[length..];
        }

        return quoted.ToArray();
    }
}
