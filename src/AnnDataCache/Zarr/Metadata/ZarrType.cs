using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>How strings stand in fixed places.</summary>
internal enum TextForm
{
    /// <summary>Bytes, filled up with zeros (numpy's S).</summary>
    Bytes,
    /// <summary>Code points of 4 bytes, filled up with zeros (numpy's U).</summary>
    CodePoints,
}

/// <summary>Type of an array's values: what it means, and where numbers of several bytes stand in a value.</summary>
/// <param name="Stored">As the seam knows it. Members of records hold their own.</param>
/// <param name="Wide">All numbers and code points of more than a byte.</param>
/// <param name="Big">Those of them that the type itself says are big-endian (version 2).</param>
internal sealed record ZarrType(StoredType Stored, IReadOnlyList<SwapRun> Wide, IReadOnlyList<SwapRun> Big)
{
    // One value is read as one piece wherever values are read in pieces.
    private const int MaxValueBytes = 64 << 20;

    /// <summary>Records of more members than this are not a table that anyone wrote.</summary>
    private const int MaxFields = 1 << 14;

    internal int Size => Stored.Size;

    /// <summary>Every string has its own length: values are no bytes in fixed places.</summary>
    internal bool IsObject => Stored.Class == StoredClass.VariableString;

    internal static ZarrType Text { get; } = new(new StoredType(StoredClass.VariableString, sizeof(long), "vlen-str-utf8"), [], []);

    internal static ZarrType Bytes { get; } = new(new StoredType(StoredClass.VariableString, sizeof(long), "vlen-bytes"), [], []);

    internal static ZarrType Number(DType type, bool isBig = false)
    {
        int size = type.Size(), width = type is DType.Complex64 or DType.Complex128 ? size / 2 : size;
        SwapRun[] wide = width > 1 ? [new SwapRun(0, width, size / width, IsBig: true, Bits: null)] : [];
        string name = type switch
        {
            DType.Bool => "bool",
            DType.Float16 or DType.Float32 or DType.Float64 => $"f{8 * size}",
            DType.Complex64 or DType.Complex128 => $"complex(f{4 * size})",
            DType.UInt8 or DType.UInt16 or DType.UInt32 or DType.UInt64 => $"u{8 * size}",
            _ => $"i{8 * size}",
        };
        return new ZarrType(
            new StoredType(StoredClass.Number, size, isBig && width > 1 ? name + "be" : name) { Number = type }, wide, isBig ? wide : []);
    }

    /// <summary>Strings of so many bytes or code points each.</summary>
    internal static ZarrType FixedText(TextForm form, long count, bool isBig = false)
    {
        long size = form == TextForm.CodePoints ? checked(4 * count) : count;
        if (size is <= 0 or > MaxValueBytes) { throw new UnsupportedContainerException($"Strings of {size:N0} bytes are not read; 1 to {MaxValueBytes:N0} are."); }
        SwapRun[] wide = form == TextForm.CodePoints ? [new SwapRun(0, 4, (int)count, IsBig: true, Bits: null)] : [];
        string name = form == TextForm.CodePoints ? $"utf32[{count}]{(isBig ? "be" : "")}" : $"bytes[{count}]";
        return new ZarrType(new StoredType(StoredClass.FixedString, (int)size, name), wide, isBig ? wide : []);
    }

    internal static ZarrType Other(string name, long size) => new(new StoredType(StoredClass.Other, (int)Math.Clamp(size, 1, int.MaxValue), name), [], []);

    internal static ZarrType Record(IReadOnlyList<(string Name, ZarrType Type, long[] Shape)> members)
    {
        if (members.Count is 0 or > MaxFields) { throw new DamagedContainerException($"A record has {members.Count:N0} members; 1 to {MaxFields:N0} are read."); }
        List<StoredField> fields = [];
        List<SwapRun> wide = [], big = [];
        long offset = 0;
        foreach ((string name, ZarrType type, long[] shape) in members)
        {
            if (shape.Any(length => length < 1)) { throw new DamagedContainerException($"A record has a member '{name}' of shape ({string.Join(", ", shape)})."); }
            if (type.IsObject) { throw new UnsupportedContainerException($"A record has a member '{name}' of variable length: not read."); }
            long count = ChunkGrid.Product(shape), size = checked(count * type.Size);
            if (size <= 0 || size > MaxValueBytes - offset) { throw new UnsupportedContainerException($"Records with a member '{name}' of {size:N0} bytes are not read."); }
            fields.Add(new StoredField(name, (int)offset, type.Stored, shape));
            Repeat(wide, type.Wide, (int)offset, type.Size, (int)count);
            Repeat(big, type.Big, (int)offset, type.Size, (int)count);
            offset += size;
        }

        string description = string.Join(", ", fields.Select(field => $"{field.Name}:{field.Type.Description}"));
        return new ZarrType(new StoredType(StoredClass.Compound, (int)offset, $"record({description})") { Fields = fields }, wide, big);
    }

    private static void Repeat(List<SwapRun> all, IReadOnlyList<SwapRun> runs, int offset, int size, int count)
    {
        if (runs is [{ Offset: 0 } only] && only.Width * only.Count == size)
        {
            all.Add(new SwapRun(offset, only.Width, only.Count * count, IsBig: true, Bits: null));
            return;
        }

        if ((long)all.Count + ((long)runs.Count * count) > MaxFields) { throw new UnsupportedContainerException($"Records with more than {MaxFields:N0} numbers to turn round are not read."); }
        for (int i = 0; i < count; i++) { all.AddRange(runs.Select(run => run with { Offset = run.Offset + offset + (i * size) })); }
    }
}
