using System.Globalization;
using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Types by numpy's names (version 2, and some version 3 writers) and by those of version 3.</summary>
internal static class ZarrTypes
{
    /// <summary>Records in records in records; nobody writes more.</summary>
    private const int MaxDepth = 8;

    /// <summary><c>&lt;f4</c>, <c>|S18</c>, <c>|O</c>, or a list of members.</summary>
    internal static ZarrType ParseNumpy(JsonElement type, int depth = 0)
    {
        if (type.ValueKind == JsonValueKind.String) { return ParseNumpy(type.Text("dtype")); }
        RequireDepth(depth);
        List<(string, ZarrType, long[])> members = [];
        foreach (JsonElement member in type.List("dtype"))
        {
            JsonElement[] parts = member.List("dtype");
            if (parts.Length is not (2 or 3)) { throw ZarrJson.Wrong(member, "dtype", "a member's name, type and shape"); }
            members.Add((parts[0].Text("dtype"), ParseNumpy(parts[1], depth + 1), parts.Length == 3 ? Axes(parts[2]) : []));
        }

        return ZarrType.Record(members);
    }

    /// <summary><c>float32</c>, <c>string</c>, or a name with its configuration.</summary>
    internal static ZarrType ParseNamed(JsonElement type, int depth = 0)
    {
        RequireDepth(depth);
        if (type.ValueKind == JsonValueKind.Array) { return ParseNumpy(type, depth); }
        string name = type.ValueKind == JsonValueKind.String ? type.Text("data_type") : type.Get("name").Text("data_type");
        JsonElement? configuration = type.Find("configuration");
        if (NumberNamed(name) is { } number) { return ZarrType.Number(number); }
        switch (name)
        {
            case "string" or "numpy.variable_length_string":
                return ZarrType.Text;
            case "bytes" or "variable_length_bytes":
                return ZarrType.Bytes;
            case "fixed_length_utf32" or "numpy.fixed_length_utf32":
                return ZarrType.FixedText(TextForm.CodePoints, Length(configuration, "length_bytes") / 4);
            case "null_terminated_bytes" or "fixed_length_bytes" or "fixed_length_ascii" or "numpy.null_terminated_bytes":
                return ZarrType.FixedText(TextForm.Bytes, Length(configuration, "length_bytes"));
            case "struct" or "structured" or "numpy.structured":
                return ParseStruct((configuration ?? type).Get("fields"), depth);
            case "raw_bytes" or "numpy.void" or "fixed_length_raw_bytes":
                return ZarrType.Other(name, Length(configuration, "length_bytes"));
            default:
                return IsNumpy(name) ? ParseNumpy(name) : ZarrType.Other(name, SizeOf(name));
        }
    }

    /// <summary>Members are objects with a name and a type, or lists of the two; both are in use.</summary>
    private static ZarrType ParseStruct(JsonElement fields, int depth)
    {
        List<(string, ZarrType, long[])> members = [];
        foreach (JsonElement field in fields.List("fields"))
        {
            if (field.ValueKind == JsonValueKind.Array && field.GetArrayLength() == 2)
            {
                members.Add((field[0].Text("fields"), ParseNamed(field[1], depth + 1), []));
            }
            else
            {
                members.Add((field.Get("name").Text("name"), ParseNamed(field.Get("data_type"), depth + 1), []));
            }
        }

        return ZarrType.Record(members);
    }

    private static ZarrType ParseNumpy(string name)
    {
        if (!IsNumpy(name)) { throw new DamagedContainerException($"'{name}' is no type."); }
        bool isBig = name[0] == '>';
        int unit = name.IndexOf('['); // of times
        ReadOnlySpan<char> digits = name.AsSpan(2, (unit < 2 ? name.Length : unit) - 2);
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long size)) { size = 0; }
        DType? number = (name[1], size) switch
        {
            ('b', 1) => DType.Bool,
            ('i', 1) => DType.Int8, ('i', 2) => DType.Int16, ('i', 4) => DType.Int32, ('i', 8) => DType.Int64,
            ('u', 1) => DType.UInt8, ('u', 2) => DType.UInt16, ('u', 4) => DType.UInt32, ('u', 8) => DType.UInt64,
            ('f', 2) => DType.Float16, ('f', 4) => DType.Float32, ('f', 8) => DType.Float64,
            ('c', 8) => DType.Complex64, ('c', 16) => DType.Complex128,
            _ => null,
        };
        if (number is { } known) { return ZarrType.Number(known, isBig); }
        return name[1] switch
        {
            'O' => ZarrType.Text,
            'S' or 'a' when size > 0 => ZarrType.FixedText(TextForm.Bytes, size),
            'U' when size > 0 => ZarrType.FixedText(TextForm.CodePoints, size, isBig),
            'S' or 'a' or 'U' => ZarrType.FixedText(TextForm.Bytes, 1), // of no bytes each: nothing but fill values
            _ => ZarrType.Other(name, size),
        };
    }

    private static bool IsNumpy(string name) => name.Length >= 2 && name[0] is '<' or '>' or '|' or '=';

    private static DType? NumberNamed(string name) => name switch
    {
        "bool" => DType.Bool,
        "int8" => DType.Int8, "int16" => DType.Int16, "int32" => DType.Int32, "int64" => DType.Int64,
        "uint8" => DType.UInt8, "uint16" => DType.UInt16, "uint32" => DType.UInt32, "uint64" => DType.UInt64,
        "float16" => DType.Float16, "float32" => DType.Float32, "float64" => DType.Float64,
        "complex64" => DType.Complex64, "complex128" => DType.Complex128,
        _ => null,
    };

    private static long Length(JsonElement? configuration, string name) =>
        (configuration ?? throw new DamagedContainerException($"'{name}' is missing.")).Get(name).Integer(name);

    private static long[] Axes(JsonElement shape) => shape.ValueKind == JsonValueKind.Number ? [shape.Integer("dtype")] : shape.Integers("dtype");

    /// <summary>r16, r24 …: so many raw bits.</summary>
    private static long SizeOf(string name) =>
        name.StartsWith('r') && long.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out long bits) ? bits / 8 : 1;

    private static void RequireDepth(int depth)
    {
        if (depth > MaxDepth) { throw new UnsupportedContainerException($"Records nested deeper than {MaxDepth} levels are not read."); }
    }
}
