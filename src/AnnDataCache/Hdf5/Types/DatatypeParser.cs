using System.Text;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Reads a datatype message. A type that has no meaning here is named, so that its neighbours can be read.</summary>
internal static class DatatypeParser
{
    private const int MaxDepth = 16;

    internal static Datatype Parse(FormatSource source, ReadOnlySpan<byte> body, long address)
    {
        FormatReader reader = source.Reader(body, "datatype", address);
        return Parse(ref reader, source, 0);
    }

    private static Datatype Parse(ref FormatReader reader, FormatSource source, int depth)
    {
        if (depth > MaxDepth) { throw reader.Damaged($"is nested more than {MaxDepth} deep"); }
        byte head = reader.Byte();
        int version = head >> 4;
        int bits = reader.Byte() | (reader.Byte() << 8) | (reader.Byte() << 16);
        uint size = reader.UInt32();
        if (size is 0 or > int.MaxValue) { throw reader.Damaged($"says that a value takes {size:N0} bytes"); }
        if (version is 0 or > 5) { throw reader.Damaged($"has version {version}"); }
        return (head & 0xF) switch
        {
            0 => NumberTypes.Integer(ref reader, bits, (int)size),
            1 => NumberTypes.Float(ref reader, bits, (int)size),
            2 => Skipping(ref reader, 2, "time", size),
            3 => FixedString(ref reader, bits, (int)size),
            4 => NumberTypes.BitField(ref reader, bits, (int)size),
            5 => Skipping(ref reader, bits & 0xFF, "opaque", size),
            6 => CompoundTypes.Compound(ref reader, version, bits, (int)size, ParseInner),
            7 => Reference(bits, (int)size),
            8 => NumberTypes.Enumeration(ref reader, version, bits, (int)size, ParseInner(ref reader)),
            9 => VariableLength(bits, (int)size, source, ParseInner(ref reader)),
            10 => CompoundTypes.Array(ref reader, version, (int)size, ParseInner),
            11 => CompoundTypes.Complex((int)size, ParseInner(ref reader)),
            int other => throw reader.Damaged($"is of class {other}"),
        };

        Datatype ParseInner(ref FormatReader inner) => Parse(ref inner, source, depth + 1);
    }

    internal static Datatype Other(string description, long size) =>
        new() { Stored = new StoredType(StoredClass.Other, (int)size, description) };

    private static Datatype Skipping(ref FormatReader reader, int properties, string description, uint size)
    {
        reader.Skip(properties);
        return Other(description, size);
    }

    private static Datatype FixedString(ref FormatReader reader, int bits, int size)
    {
        int padding = bits & 0xF;
        if (padding > 2) { throw reader.Damaged($"is a string with padding {padding}"); }
        string name = padding switch { 0 => "nullterm", 1 => "nullpad", _ => "spacepad" };
        return new Datatype
        {
            Stored = new StoredType(StoredClass.FixedString, size, $"fixed{size}-str-{CharacterSet(bits >> 4)}-{name}"),
            Padding = (StringPadding)padding,
        };
    }

    private static Datatype Reference(int bits, int size) => (bits & 0xF, size) switch
    {
        (0, 8) => new Datatype { Stored = new StoredType(StoredClass.Reference, size, "object-reference") },
        (1, _) => Other("region-reference", size),
        (int kind, _) => Other($"reference{kind}", size),
    };

    private static Datatype VariableLength(int bits, int size, FormatSource source, Datatype element)
    {
        if (size != HeapReference.Size(source) || (bits & 0xF) > 1) { return Other("vlen", size); }
        return (bits & 0xF) == 1
            ? new Datatype { Stored = new StoredType(
                StoredClass.VariableString, size, $"vlen-str-{CharacterSet(bits >> 8)}") }
            : Other($"vlen({element.Stored.Description})", size);
    }

    private static string CharacterSet(int bits) => (bits & 0xF) == 1 ? "utf8" : "ascii";

    internal static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}

/// <summary>Parses the type that stands next in the message.</summary>
internal delegate Datatype InnerParser(ref FormatReader reader);
