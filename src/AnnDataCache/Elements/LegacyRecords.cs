using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>Arrays of records by their place: before 0.7, anndata stored a whole dataframe, and a whole obsm, as one.</summary>
internal static class LegacyRecords
{
    private const int BlockRows = 1 << 16;

    /// <summary>What an array of records at this path is: with one axis a dataframe or a dict where files had those, else records.</summary>
    internal static ElementKind KindOf(ContainerArray records, string path) => WithinObject(path) switch
    {
        _ when records.Shape.Count != 1 => ElementKind.RecArray,
        "obs" or "var" or "raw.var" or "raw/var" => ElementKind.DataFrame,
        "obsm" or "varm" or "raw.varm" or "raw/varm" => ElementKind.Dict,
        _ => ElementKind.RecArray,
    };

    /// <summary>The field of row names: pandas called it <c>index</c>, and it came first.</summary>
    /// <param name="records">With at least one field.</param>
    internal static string IndexOf(ContainerArray records)
    {
        IEnumerable<string> names = records.Type.Fields.Select(field => field.Name);
        return names.FirstOrDefault(name => name is "index") ?? names.FirstOrDefault(name => name is "_index") ?? names.First();
    }

    /// <summary>Categories of a field of codes, which such files keep in <c>uns</c>; null when it is no categorical.</summary>
    /// <remarks>
    /// One entry in uns serves obs, var and raw.var alike, so that a field of plain integers may meet the categories of
    /// another frame: as in anndata, it is a categorical only where every value is a code that exists.
    /// </remarks>
    /// <param name="root">Root of the file.</param>
    /// <param name="framePath">Path of the dataframe.</param>
    /// <param name="codes">The field.</param>
    /// <param name="name">Its name.</param>
    internal static ContainerArray? FindCategories(ContainerGroup root, string framePath, ContainerArray codes, string name)
    {
        if (codes.Type.Number is not (>= DType.Int8 and <= DType.UInt64) || codes.Shape.Count != 1) { return null; }
        ContainerGroup? holder = root;
        foreach (string step in framePath[..^WithinObject(framePath).Length].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            holder = Member(holder, step) as ContainerGroup;
        }

        return Member(Member(holder, "uns") as ContainerGroup, $"{name}_categories") is ContainerArray { IsNull: false } categories
            && categories.Shape.Count <= 1 && (categories.Type.IsString || categories.Type.Class == StoredClass.Number)
            && LargestOf(codes) < categories.Count ? categories : null;
    }

    private static string WithinObject(string path)
    {
        if (!path.StartsWith("mod/", StringComparison.Ordinal)) { return path; }
        int end = path.IndexOf('/', 4);
        return end < 0 ? path : path[(end + 1)..];
    }

    private static ContainerNode? Member(ContainerGroup? group, string name) =>
        group is not null && !name.Contains('/') && group.Contains(name) ? group.Open(name) : null;

    private static Int128 LargestOf(ContainerArray codes) => codes.Type.Number switch
    {
        DType.Int8 => LargestOf<sbyte>(codes),
        DType.Int16 => LargestOf<short>(codes),
        DType.Int32 => LargestOf<int>(codes),
        DType.Int64 => LargestOf<long>(codes),
        DType.UInt8 => LargestOf<byte>(codes),
        DType.UInt16 => LargestOf<ushort>(codes),
        DType.UInt32 => LargestOf<uint>(codes),
        _ => LargestOf<ulong>(codes),
    };

    private static Int128 LargestOf<T>(ContainerArray codes) where T : unmanaged, INumber<T>
    {
        codes.RequireInProportion();
        Int128 largest = -1;
        T[] block = new T[Math.Min(BlockRows, codes.Count)];
        for (long row = 0; row < codes.Count; row += block.Length)
        {
            Span<T> values = block.AsSpan(0, (int)Math.Min(block.Length, codes.Count - row));
            codes.ReadRows(row, values.Length, MemoryMarshal.AsBytes(values));
            largest = Int128.Max(largest, Int128.CreateChecked(TensorPrimitives.Max<T>(values)));
        }

        return largest;
    }
}
