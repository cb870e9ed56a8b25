using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Fill values in all their forms: numbers, names of numbers, bits in hexadecimal, pairs, base64, members by name.</summary>
internal static class FillValues
{
    /// <summary>The little-endian bytes of one value; of strings of their own length, their bytes.</summary>
    internal static byte[] Parse(JsonElement? value, StoredType type)
    {
        if (value is not { } given || given.ValueKind == JsonValueKind.Null) { return []; }
        switch (type.Class)
        {
            case StoredClass.VariableString:
                return given.ValueKind switch
                {
                    JsonValueKind.String => TextBytes(given, type),
                    JsonValueKind.Array => [.. given.Integers("fill_value").Select(one => one is >= 0 and <= byte.MaxValue ? (byte)one : throw ZarrJson.Wrong(given, "fill_value", "a list of bytes"))],
                    _ => [], // 0 stands for nothing
                };
            case StoredClass.Number:
                byte[] number = new byte[type.Size];
                Write(given, type.Number!.Value, number);
                return number;
            case StoredClass.FixedString:
                return FixedText(given, type);
            case StoredClass.Compound when given.ValueKind == JsonValueKind.Object:
                return Members(given, type);
            default:
                return given.ValueKind == JsonValueKind.String ? Padded(Base64(given), type.Size) : [];
        }
    }

    private static void Write(JsonElement value, DType type, Span<byte> bytes)
    {
        switch (type)
        {
            case DType.Bool:
                bytes[0] = value.ValueKind switch { JsonValueKind.True => 1, JsonValueKind.False => 0, _ => (byte)(value.Integer("fill_value") != 0 ? 1 : 0) };
                return;
            case DType.Complex64 or DType.Complex128:
                WriteComplex(value, type, bytes);
                return;
            case DType.Float16 or DType.Float32 or DType.Float64:
                WriteFloat(value, type, bytes);
                return;
            default:
                WriteInteger(value, type, bytes);
                return;
        }
    }

    private static void WriteInteger(JsonElement value, DType type, Span<byte> bytes)
    {
        // Some writers give an integer's fill value as 0.0, or as a bool.
        Int128 number = value.ValueKind switch
        {
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            JsonValueKind.Number when value.TryGetInt64(out long small) => small,
            JsonValueKind.Number when value.TryGetUInt64(out ulong large) => large,
            JsonValueKind.Number when value.GetDouble() is var real && real == Math.Floor(real) && Math.Abs(real) < 1L << 53 => (long)real,
            _ => throw ZarrJson.Wrong(value, "fill_value", $"one {type.Name()}"),
        };
        bool isSigned = type is DType.Int8 or DType.Int16 or DType.Int32 or DType.Int64;
        int bits = 8 * bytes.Length;
        Int128 least = isSigned ? -(Int128.One << (bits - 1)) : 0, most = (Int128.One << (isSigned ? bits - 1 : bits)) - 1;
        if (number < least || number > most) { throw ZarrJson.Wrong(value, "fill_value", $"one {type.Name()}"); }
        Span<byte> wide = stackalloc byte[16];
        BinaryPrimitives.WriteInt128LittleEndian(wide, number);
        wide[..bytes.Length].CopyTo(bytes);
    }

    private static void WriteFloat(JsonElement value, DType type, Span<byte> bytes)
    {
        if (value.ValueKind == JsonValueKind.String && value.Text("fill_value") is var text && text.StartsWith("0x", StringComparison.Ordinal))
        {
            if (text.Length != 2 + (2 * bytes.Length) || !ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits))
            {
                throw ZarrJson.Wrong(value, "fill_value", $"the {8 * bytes.Length} bits of a {type.Name()}");
            }

            for (int i = 0; i < bytes.Length; i++) { bytes[i] = (byte)(bits >> (8 * i)); }
            return;
        }

        double number = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.String => value.Text("fill_value") switch
            {
                "NaN" => BitConverter.Int64BitsToDouble(0x7FF8_0000_0000_0000), // .NET's own has the sign bit set
                "Infinity" => double.PositiveInfinity,
                "-Infinity" => double.NegativeInfinity,
                _ => throw ZarrJson.Wrong(value, "fill_value", $"one {type.Name()}"),
            },
            JsonValueKind.False => 0,
            JsonValueKind.True => 1,
            _ => throw ZarrJson.Wrong(value, "fill_value", $"one {type.Name()}"),
        };
        switch (type)
        {
            case DType.Float16: BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)number); break;
            case DType.Float32: BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)number); break;
            default: BinaryPrimitives.WriteDoubleLittleEndian(bytes, number); break;
        }
    }

    private static void WriteComplex(JsonElement value, DType type, Span<byte> bytes)
    {
        DType part = type == DType.Complex64 ? DType.Float32 : DType.Float64;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2)
        {
            WriteFloat(value[0], part, bytes[..part.Size()]);
            WriteFloat(value[1], part, bytes[part.Size()..]);
        }
        else
        {
            WriteFloat(value, part, bytes[..part.Size()]);
        }
    }

    /// <summary>Version 2 gives base64 of the whole value, version 3 the text of code points and base64 of bytes.</summary>
    private static byte[] FixedText(JsonElement value, StoredType type)
    {
        bool isText = type.Description.StartsWith("utf32", StringComparison.Ordinal), isNumber = value.ValueKind == JsonValueKind.Number;
        if (value.ValueKind != JsonValueKind.String && !(isText && isNumber)) { return []; }
        if (!isText) { return Padded(Base64(value), type.Size); }
        string text = isNumber ? value.GetRawText() : value.Text("fill_value"); // numpy makes a text of a number too
        byte[] points = new byte[4 * text.EnumerateRunes().Count()];
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            BinaryPrimitives.WriteInt32LittleEndian(points.AsSpan(at), rune.Value);
            at += 4;
        }

        // A text that fills the place as base64, and does not fit it as itself, is version 2's.
        return points.Length <= type.Size ? Padded(points, type.Size) : Padded(Base64(value), type.Size);
    }

    private static byte[] Members(JsonElement value, StoredType type)
    {
        byte[] record = new byte[type.Size];
        foreach (StoredField field in type.Fields)
        {
            byte[] one = Parse(value.Find(field.Name), field.Type);
            for (long i = 0; one.Length > 0 && i < ChunkGrid.Product([.. field.Shape]); i++)
            {
                one.CopyTo(record.AsSpan(field.Offset + (int)(i * field.Type.Size)));
            }
        }

        return record;
    }

    private static byte[] TextBytes(JsonElement value, StoredType type) =>
        type.Description == "vlen-bytes" ? Base64(value) : Encoding.UTF8.GetBytes(value.Text("fill_value"));

    private static byte[] Base64(JsonElement value)
    {
        string text = value.Text("fill_value");
        return Base64Url.IsValid(text) || System.Buffers.Text.Base64.IsValid(text)
            ? Decode(text)
            : throw ZarrJson.Wrong(value, "fill_value", "base64");
    }

    private static byte[] Decode(string text) =>
        System.Buffers.Text.Base64.IsValid(text) ? Convert.FromBase64String(text) : Base64Url.DecodeFromChars(text);

    private static byte[] Padded(byte[] bytes, int size)
    {
        if (bytes.Length > size) { throw new DamagedContainerException($"The fill value has {bytes.Length:N0} bytes; a value has {size:N0}."); }
        Array.Resize(ref bytes, size);
        return bytes;
    }
}
