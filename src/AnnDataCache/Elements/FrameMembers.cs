using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>Which members of a dataframe group are its columns, and in which order.</summary>
/// <param name="IndexName">Attribute <c>_index</c>: the column of row names; null when the frame names none.</param>
/// <param name="Names">The index, then the columns in <c>column-order</c>, then members that it leaves out.</param>
internal sealed record FrameMembers(string? IndexName, IReadOnlyList<string> Names)
{
    /// <summary>anndata 0.7 keeps the categories of a frame's columns in a group of this name beside them.</summary>
    internal const string LegacyCategoryGroup = "__categories";

    internal int ColumnCount => IndexName is null ? Names.Count : Names.Count - 1;

    internal static FrameMembers Of(ContainerGroup group)
    {
        string? index = group.FindAttribute("_index")?.AsString();
        List<string> names = [];
        HashSet<string> seen = new(StringComparer.Ordinal) { LegacyCategoryGroup };
        if (index is not null && seen.Add(index)) { names.Add(index); }

        // An empty column-order is stored as an empty float array or a null dataspace: it has no strings then.
        foreach (string column in group.FindAttribute("column-order")?.Strings ?? [])
        {
            if (seen.Add(column)) { names.Add(column); }
        }

        foreach (string member in group.MemberNames)
        {
            if (seen.Add(member)) { names.Add(member); }
        }

        return new FrameMembers(index, names);
    }
}

/// <summary>Categories of a column as anndata 0.7 stores them: beside the frame's columns, found by an object reference.</summary>
/// <param name="Values">The distinct values.</param>
/// <param name="Ordered">Attribute <c>ordered</c> of the values.</param>
internal sealed record LegacyCategories(ContainerArray Values, bool Ordered)
{
    /// <summary>Null when the codes are no categorical.</summary>
    internal static LegacyCategories? Find(ContainerGroup frame, ContainerArray codes)
    {
        if (!codes.AttributeNames.Contains("categories")) { return null; }
        AttributeValue? attribute = codes.FindAttribute("categories");
        if (attribute is not { Type.Class: StoredClass.Reference } || attribute.AsInteger() is not { } address) { return null; }
        return frame.OpenReference((ulong)address) is ContainerArray values
            ? new LegacyCategories(values, values.FindAttribute("ordered")?.AsInteger() == 1)
            : throw new DamagedContainerException($"The categories of '{codes.Path}' are a group, not a dataset");
    }
}
