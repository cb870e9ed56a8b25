using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Types made of other types: records, array members, complex numbers.</summary>
internal static class CompoundTypes
{
    // A record with more numbers to swap than this is not a table that anyone wrote.
    private const int MaxSwaps = 1 << 16;

    internal static Datatype Compound(ref FormatReader reader, int version, int bits, int size, InnerParser parse)
    {
        int count = bits & 0xFFFF;
        List<DatatypeMember> members = [];
        for (int i = 0; i < count; i++)
        {
            string name = MemberName(ref reader, isPadded: version < 3);
            long offset = version < 3 ? reader.UInt32() : reader.Number(BytesFor(size));
            long[] axes = version == 1 ? OldAxes(ref reader) : [];
            Datatype type = parse(ref reader);
            if (axes.Length > 0) { type = Repeat(ref reader, type, axes); }
            if (offset > size - type.Size)
            {
                throw reader.Damaged(
                    $"has a member '{name}' at {offset:N0} of {type.Size:N0} bytes in a record of {size:N0}");
            }

            members.Add(new DatatypeMember(name, (int)offset, type));
        }

        return AsComplex(size, members) ?? Record(ref reader, size, members);
    }

    internal static Datatype Array(ref FormatReader reader, int version, int size, InnerParser parse)
    {
        int rank = reader.Byte();
        if (version == 2) { reader.Skip(3); }
        long[] axes = new long[rank];
        for (int i = 0; i < rank; i++) { axes[i] = reader.UInt32(); }
        if (version == 2) { reader.Skip(4 * rank); }
        Datatype array = Repeat(ref reader, parse(ref reader), axes);
        return array.Size == size
            ? array
            : throw reader.Damaged($"is an array of {size:N0} bytes whose entries take {array.Size:N0}");
    }

    /// <summary>The complex class of newer files: two floats.</summary>
    internal static Datatype Complex(int size, Datatype part) =>
        AsComplex(size, [new DatatypeMember("r", 0, part), new DatatypeMember("i", part.Size, part)])
        ?? DatatypeParser.Other($"complex({part.Stored.Description})", size);

    internal static string MemberName(ref FormatReader reader, bool isPadded)
    {
        ReadOnlySpan<byte> name = reader.NulTerminated();
        int padding = isPadded ? -(name.Length + 1) & 7 : 0;
        reader.Skip(padding);
        return DatatypeParser.Text(name);
    }

    private static long[] OldAxes(ref FormatReader reader)
    {
        int rank = reader.Byte();
        reader.Skip(11);
        if (rank > 4) { throw reader.Damaged($"has a member of {rank} axes; 4 are possible"); }
        long[] axes = new long[4];
        for (int i = 0; i < 4; i++) { axes[i] = reader.UInt32(); }
        return axes[..rank];
    }

    private static Datatype Repeat(ref FormatReader reader, Datatype element, IReadOnlyList<long> axes)
    {
        long count = ChunkGrid.Product([.. axes]);
        long size = checked(count * element.Size);
        if (size is 0 or > int.MaxValue) { throw reader.Damaged($"is an array of {size:N0} bytes"); }
        return new Datatype
        {
            Stored = new StoredType(
                StoredClass.Other, (int)size, $"array[{string.Join(",", axes)}]({element.Stored.Description})"),
            Swaps = RepeatSwaps(ref reader, element, (int)count),
            ArrayShape = axes,
            Element = element,
        };
    }

    private static IReadOnlyList<SwapRun> RepeatSwaps(ref FormatReader reader, Datatype element, int count)
    {
        if (element.Swaps is [] || (element.Swaps is [{ Offset: 0 } only] && only.Width * only.Count == element.Size))
        {
            return [.. element.Swaps.Select(run => run with { Count = run.Count * count })];
        }

        if ((long)element.Swaps.Count * count > MaxSwaps)
        {
            throw reader.Damaged($"has more than {MaxSwaps:N0} numbers to turn round");
        }

        return [.. Enumerable.Range(0, count).SelectMany(
            i => element.Swaps.Select(run => run with { Offset = run.Offset + (i * element.Size) }))];
    }

    private static Datatype Record(ref FormatReader reader, int size, List<DatatypeMember> members)
    {
        List<SwapRun> swaps = [];
        List<StoredField> fields = [];
        foreach (DatatypeMember member in members)
        {
            swaps.AddRange(member.Type.Swaps.Select(run => run with { Offset = run.Offset + member.Offset }));
            StoredType type = member.Type.Element?.Stored ?? member.Type.Stored;
            fields.Add(new StoredField(member.Name, member.Offset, type, member.Type.ArrayShape));
        }

        if (swaps.Count > MaxSwaps) { throw reader.Damaged($"has more than {MaxSwaps:N0} numbers to turn round"); }
        string description = string.Join(
            ", ", members.Select(member => $"{member.Name}:{member.Type.Stored.Description}"));
        return new Datatype
        {
            Stored = new StoredType(StoredClass.Compound, size, $"compound({description})") { Fields = fields },
            Swaps = swaps,
            Members = members,
        };
    }

    private static Datatype? AsComplex(int size, IReadOnlyList<DatatypeMember> members)
    {
        if (members is not [{ Name: "r", Offset: 0 } real, { Name: "i" } imaginary]
            || imaginary.Offset != real.Type.Size || size != 2 * real.Type.Size
            || real.Type.Stored != imaginary.Type.Stored)
        {
            return null;
        }

        DType? type = real.Type.Stored.Number switch
        {
            DType.Float32 => DType.Complex64,
            DType.Float64 => DType.Complex128,
            _ => null,
        };
        return type is null ? null : new Datatype
        {
            Stored = new StoredType(
                StoredClass.Number, size, $"complex({real.Type.Stored.Description})") { Number = type },
            Swaps = [.. real.Type.Swaps.Select(run => run with { Count = 2 })],
        };
    }

    // The width of a member's offset in the newest form: as many bytes as the record's size needs.
    private static int BytesFor(int size) => size switch { < 1 << 8 => 1, < 1 << 16 => 2, < 1 << 24 => 3, _ => 4 };
}
