using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>
/// An awkward array: a form, which says how lists, records and options nest, and the buffers that it is laid over
/// (AnnData's specification, "Awkward arrays"; names of buffers are those of <c>ak.to_buffers</c>).
/// </summary>
/// <remarks>
/// Every buffer is an element of its own, from which <c>ak.from_buffers</c> makes any form again. Where the form is lists
/// of numbers or of strings, nested or not, the whole is one column of Arrow lists; else it is its form alone.
/// </remarks>
internal static class AwkwardLayout
{
    /// <summary>Lists in lists; a form that nests deeper is not made a column.</summary>
    private const int MaxLists = 8;

    internal static ElementInfo Describe(ContainerGroup group, string path, ElementEncoding encoding)
    {
        long length = group.FindAttribute("length")?.AsInteger()
            ?? throw new DamagedContainerException($"'{path}' is an awkward array without the attribute 'length'");
        string form = group.FindAttribute("form")?.AsString()
            ?? throw new DamagedContainerException($"'{path}' is an awkward array without the attribute 'form'");
        if (length < 0) { throw new DamagedContainerException($"'{path}' has length {length}"); }
        return new ElementInfo(path, ElementKind.AwkwardArray)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = [length], Value = form, PartPath = path,
            Children = [.. group.MemberNames.Select(name => ElementTree.Buffer(group, name, $"{path}/{name}"))],
        };
    }

    /// <summary>One column of lists, or the description with its form.</summary>
    internal static ElementContent Read(ContainerGroup group, ElementInfo info)
    {
        ElementInfo described = Describe(group, info.Path, ElementEncoding.Of(group));
        return FindColumn(group, described) is { } column ? new SingleContent(described, column) : new TreeContent(described);
    }

    private static ColumnContent? FindColumn(ContainerGroup group, ElementInfo info)
    {
        try
        {
            using JsonDocument form = JsonDocument.Parse((string)info.Value!, new JsonDocumentOptions { MaxDepth = 4 * MaxLists });
            return IsText(form.RootElement) ? null : Column(group, info, form.RootElement, info.Shape[0], 0);
        }
        catch (Exception notAForm) when (notAForm is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The column of a form of lists or numbers; null for any other form, and where the buffers do not fit it.</summary>
    private static ColumnContent? Column(ContainerGroup group, ElementInfo info, JsonElement form, long rows, int depth)
    {
        string? type = form.ValueKind == JsonValueKind.Object ? form.GetProperty("class").GetString() : null;
        if (type == "NumpyArray") { return Numbers(group, info, form, rows); }
        if (type is null || !type.StartsWith("ListOffsetArray", StringComparison.Ordinal) || depth == MaxLists) { return null; }
        if (Buffer(group, form, "offsets") is not { } offsets || offsets.Count != rows + 1 || !IsInteger(offsets)) { return null; }
        JsonElement content = form.GetProperty("content");
        long items = Last(offsets);
        if (items < 0) { return null; }
        if (IsText(form))
        {
            return Buffer(group, content, "data") is { Type.Number: DType.UInt8 } bytes && bytes.Count == items
                ? new TextColumn(info, rows, offsets, bytes)
                : null;
        }

        return Column(group, info, content, items, depth + 1) is { } column ? new ListColumn(info, rows, offsets, column) : null;
    }

    private static NumberColumn? Numbers(ContainerGroup group, ElementInfo info, JsonElement form, long rows)
    {
        bool isPlain = !form.TryGetProperty("inner_shape", out JsonElement inner) || inner.GetArrayLength() == 0;
        return isPlain && Buffer(group, form, "data") is { Type.Class: StoredClass.Number } values && values.Shape.Count == 1 && values.Count == rows
            ? new NumberColumn(new ElementInfo(info.Path, ElementKind.Dense) { Shape = [rows], Type = values.Type.Number }, values, null)
            : null;
    }

    private static bool IsText(JsonElement form) =>
        form.TryGetProperty("parameters", out JsonElement parameters) && parameters.ValueKind == JsonValueKind.Object
        && parameters.TryGetProperty("__array__", out JsonElement array) && array.ValueEquals("string");

    private static ContainerArray? Buffer(ContainerGroup group, JsonElement form, string role)
    {
        string name = $"{form.GetProperty("form_key").GetString()}-{role}";
        return group.Contains(name) ? group.Open(name) as ContainerArray : null;
    }

    private static bool IsInteger(ContainerArray array) =>
        array.Shape.Count == 1 && array.Type.Number is DType.Int32 or DType.UInt32 or DType.Int64;

    private static long Last(ContainerArray offsets)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        bytes = bytes[..offsets.Type.Size];
        offsets.ReadRows(offsets.Count - 1, 1, bytes);
        return new AttributeValue(offsets.Type, [], bytes.ToArray(), []).AsInteger() ?? -1;
    }
}
