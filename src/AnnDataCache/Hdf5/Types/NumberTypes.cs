using System.Globalization;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Integers, floats and enumerations.</summary>
internal static class NumberTypes
{
    /// <summary>An integer of 1, 2, 4 or 8 bytes, of which not all bits need to count: R writes logicals with 1 or 2 of them.</summary>
    internal static Datatype Integer(ref FormatReader reader, int bits, int size) =>
        Integer(ref reader, bits, size, isSigned: (bits & 8) != 0, (bits & 8) != 0 ? "i" : "u");

    /// <summary>Bits without a meaning of their own: an unsigned integer.</summary>
    internal static Datatype BitField(ref FormatReader reader, int bits, int size) =>
        Integer(ref reader, bits, size, isSigned: false, "bitfield");

    private static Datatype Integer(ref FormatReader reader, int bits, int size, bool isSigned, string word)
    {
        int bitOffset = reader.UInt16(), precision = reader.UInt16();
        bool isBig = (bits & 1) != 0;
        string name = string.Create(CultureInfo.InvariantCulture, $"{word}{8L * size}{Suffix(isBig, size)}");
        DType? type = (size, isSigned) switch
        {
            (1, true) => DType.Int8,
            (1, false) => DType.UInt8,
            (2, true) => DType.Int16,
            (2, false) => DType.UInt16,
            (4, true) => DType.Int32,
            (4, false) => DType.UInt32,
            (8, true) => DType.Int64,
            (8, false) => DType.UInt64,
            _ => null,
        };
        bool isWhole = bitOffset == 0 && precision == 8L * size;
        if (!isWhole) { name = string.Create(CultureInfo.InvariantCulture, $"{name}(bits {bitOffset}..{bitOffset + precision})"); }
        return type is { } number && precision > 0 && bitOffset + precision <= 8L * size
            ? Number(number, name, isBig, isWhole ? null : new UsedBits(bitOffset, precision, isSigned))
            : DatatypeParser.Other(name, size);
    }

    internal static Datatype Float(ref FormatReader reader, int bits, int size)
    {
        int bitOffset = reader.UInt16(), precision = reader.UInt16();
        int exponentAt = reader.Byte(), exponentBits = reader.Byte();
        int mantissaAt = reader.Byte(), mantissaBits = reader.Byte();
        uint bias = reader.UInt32();
        bool isBig = (bits & 1) != 0, isVax = (bits & 0x40) != 0, impliedBit = (bits >> 4 & 3) == 2;
        int sign = bits >> 8 & 0xFF;
        string name = string.Create(CultureInfo.InvariantCulture, $"f{8L * size}{Suffix(isBig, size)}");
        DType? type = (size, exponentAt, exponentBits, mantissaBits, bias) switch
        {
            (2, 10, 5, 10, 15) => DType.Float16,
            (4, 23, 8, 23, 127) => DType.Float32,
            (8, 52, 11, 52, 1023) => DType.Float64,
            _ => null,
        };
        bool isPlain = bitOffset == 0 && precision == 8L * size && mantissaAt == 0
            && sign == precision - 1 && impliedBit && !isVax;
        return isPlain && type is { } number
            ? Number(number, name, isBig)
            : DatatypeParser.Other(
                $"{name}(sign {sign}, exponent {exponentBits} at {exponentAt}, mantissa {mantissaBits})", size);
    }

    /// <summary>FALSE = 0, TRUE = 1 over a byte is a bool; any other enumeration is its integers.</summary>
    internal static Datatype Enumeration(ref FormatReader reader, int version, int bits, int size, Datatype integer)
    {
        if (integer.Size != size) { throw reader.Damaged($"is an enumeration of {size} bytes over {integer.Size}"); }
        int count = bits & 0xFFFF;
        List<string> names = [];
        for (int i = 0; i < count; i++)
        {
            names.Add(CompoundTypes.MemberName(ref reader, isPadded: version < 3));
        }

        List<string> members = [];
        foreach (string name in names)
        {
            members.Add($"{name}={Value(reader.Take(size), integer)}");
        }

        string description = $"enum<{integer.Stored.Description}>{{{string.Join(",", members)}}}";
        bool isBool = size == 1 && members is ["FALSE=0", "TRUE=1"] or ["TRUE=1", "FALSE=0"];
        return new Datatype
        {
            Stored = integer.Stored with
            {
                Description = description,
                Number = isBool ? DType.Bool : integer.Stored.Number,
            },
            Swaps = integer.Swaps,
        };
    }

    private static string Value(ReadOnlySpan<byte> raw, Datatype integer)
    {
        byte[] value = raw.ToArray();
        integer.ToLittleEndian(value);
        AttributeValue one = new(integer.Stored, [], value, []);
        return one.AsInteger()?.ToString(CultureInfo.InvariantCulture) ?? Convert.ToHexString(value);
    }

    private static Datatype Number(DType number, string name, bool isBig, UsedBits? bits = null)
    {
        int size = number.Size();
        bool isSwapped = isBig && size > 1;
        return new Datatype
        {
            Stored = new StoredType(StoredClass.Number, size, name) { Number = number },
            Swaps = isSwapped || bits is not null ? [new SwapRun(0, size, 1, isSwapped, bits)] : [],
        };
    }

    private static string Suffix(bool isBig, int size) => isBig && size > 1 ? "be" : "";
}
