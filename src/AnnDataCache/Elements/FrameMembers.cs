using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>The columns of a dataframe: which there are, in which order, and where each is.</summary>
/// <remarks>A dataframe is a group with a member for each column; before anndata 0.7, an array of records with a field for each.</remarks>
internal abstract class FrameMembers
{
    /// <summary>The column of row names: attribute <c>_index</c>; null when the frame names none.</summary>
    internal required string? IndexName { get; init; }

    /// <summary>The index, then the columns in <c>column-order</c>, then members that it leaves out.</summary>
    internal required IReadOnlyList<string> Names { get; init; }

    internal int ColumnCount => IndexName is null ? Names.Count : Names.Count - 1;

    /// <param name="root">Root of the file: the oldest files keep categories elsewhere in it.</param>
    /// <param name="node">The dataframe.</param>
    /// <param name="path">Its path.</param>
    internal static FrameMembers Of(ContainerGroup root, ContainerNode node, string path) =>
        node is ContainerGroup group ? GroupMembers.Of(group) : RecordFields.Of(root, (ContainerArray)node, path);

    internal abstract bool Contains(string name);

    /// <exception cref="ContainerException">No such column, or a damaged one.</exception>
    internal abstract ContainerNode Open(string name);

    /// <summary>Categories that are kept apart from the codes; null when the column is no such categorical.</summary>
    internal abstract LegacyCategories? FindCategories(ContainerArray codes, string name);
}

/// <summary>Categories of a column as anndata before 0.8 stores them, apart from the codes.</summary>
/// <param name="Values">The distinct values.</param>
/// <param name="Ordered">Whether their order means something.</param>
internal sealed record LegacyCategories(ContainerArray Values, bool Ordered);

/// <summary>Columns as members of a group.</summary>
internal sealed class GroupMembers : FrameMembers
{
    /// <summary>anndata 0.7 keeps the categories of a frame's columns in a group of this name beside them.</summary>
    private const string LegacyCategoryGroup = "__categories";

    private readonly ContainerGroup _group;

    private GroupMembers(ContainerGroup group) => _group = group;

    internal static GroupMembers Of(ContainerGroup group)
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

        // A column named a/b has become b inside a group a, which then is no column itself.
        foreach (string name in names) { seen.Add(name[..Math.Max(name.IndexOf('/'), 0)]); }
        foreach (string member in group.MemberNames)
        {
            if (seen.Add(member)) { names.Add(member); }
        }

        return new GroupMembers(group) { IndexName = index, Names = names };
    }

    internal override bool Contains(string name)
    {
        ContainerGroup? holder = _group;
        string[] steps = Steps(name);
        for (int i = 0; i < steps.Length - 1; i++)
        {
            holder = holder is not null && holder.Contains(steps[i]) ? holder.Open(steps[i]) as ContainerGroup : null;
        }

        return steps.Length > 0 && holder is not null && holder.Contains(steps[^1]);
    }

    internal override ContainerNode Open(string name)
    {
        ContainerNode node = _group;
        foreach (string step in Steps(name))
        {
            node = (node as ContainerGroup ?? throw new DamagedContainerException($"'{node.Path}' is not a group")).Open(step);
        }

        return node;
    }

    internal override LegacyCategories? FindCategories(ContainerArray codes, string name)
    {
        if (!codes.AttributeNames.Contains("categories")) { return null; }
        AttributeValue? attribute = codes.FindAttribute("categories");
        if (attribute?.AsString() is { } path) { return Categories(codes, Contains(path) ? Open(path) : null); } // in Zarr, below the frame
        if (attribute is not { Type.Class: StoredClass.Reference } || attribute.AsInteger() is not { } address) { return null; }
        return Categories(codes, _group.OpenReference((ulong)address));
    }

    private static LegacyCategories Categories(ContainerArray codes, ContainerNode? node) => node is ContainerArray values
        ? new LegacyCategories(values, values.FindAttribute("ordered")?.AsInteger() is not (null or 0))
        : throw new DamagedContainerException($"The categories of '{codes.Path}' are {(node is null ? "missing" : "a group, not a dataset")}");

    private static string[] Steps(string name) => name.Split('/', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Columns as fields of an array of records.</summary>
internal sealed class RecordFields : FrameMembers
{
    private readonly ContainerGroup _root;
    private readonly ContainerArray _records;
    private readonly string _path;

    private RecordFields(ContainerGroup root, ContainerArray records, string path) => (_root, _records, _path) = (root, records, path);

    internal static RecordFields Of(ContainerGroup root, ContainerArray records, string path)
    {
        string index = LegacyRecords.IndexOf(records);
        IEnumerable<string> others = records.Type.Fields.Select(field => field.Name).Where(name => name != index);
        return new RecordFields(root, records, path) { IndexName = index, Names = [index, .. others.Distinct(StringComparer.Ordinal)] };
    }

    internal override bool Contains(string name) => _records.Type.Fields.Any(field => field.Name == name);

    internal override ContainerNode Open(string name) => _records.OpenField(name);

    internal override LegacyCategories? FindCategories(ContainerArray codes, string name) =>
        name != IndexName && LegacyRecords.FindCategories(_root, _path, codes, name) is { } values ? new LegacyCategories(values, false) : null;
}
