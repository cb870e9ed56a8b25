using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>Describes all elements of a container without reading their data.</summary>
/// <remarks>
/// Bounds: <see cref="MaxDepth"/>, <see cref="MaxNodes"/>, and for a file whose links make many ways to few groups
/// <see cref="MaxVisits"/>; what lies beyond is refused with that reason.
/// </remarks>
internal sealed class ElementTree
{
    /// <summary>AnnData files are a few levels deep; a dict in uns may nest.</summary>
    internal const int MaxDepth = 64;

    /// <summary>Far above any real file, and low enough to end in seconds.</summary>
    internal const int MaxNodes = 250_000;

    /// <summary>A group may be linked from several places, but not from this many.</summary>
    internal const int MaxVisits = 16;

    private readonly Dictionary<object, int> _visits = [];
    private readonly HashSet<object> _open = [];
    private readonly ContainerGroup _root;
    private readonly bool _withValues;
    private int _nodes;

    private ElementTree(ContainerGroup root, bool withValues) => (_root, _withValues) = (root, withValues);

    /// <summary>The tree below a node.</summary>
    /// <param name="root">Root of the file.</param>
    /// <param name="node">The root, or the node at <paramref name="path"/>.</param>
    /// <param name="path">Path of the node, empty for the root.</param>
    /// <param name="partPath">Part that holds the scalars below; null at a root, where each top-level dict has its own.</param>
    /// <param name="withValues">True to read the values of scalars.</param>
    internal static ElementInfo Describe(ContainerGroup root, ContainerNode node, string path, string? partPath, bool withValues) =>
        new ElementTree(root, withValues).Walk(node, path, partPath, 0);

    private ElementInfo Walk(ContainerNode node, string path, string? partPath, int depth)
    {
        if (depth > MaxDepth) { return Refused(path, $"nested deeper than {MaxDepth} levels"); }
        if (++_nodes > MaxNodes) { return Refused(path, $"the file has more than {MaxNodes:N0} elements"); }
        if (node is not ContainerGroup group) { return WalkNode(node, path, partPath, depth); }
        int visits = _visits[group.Identity] = _visits.GetValueOrDefault(group.Identity) + 1;
        if (visits > MaxVisits) { return Refused(path, $"it is linked from more than {MaxVisits} places"); }
        if (!_open.Add(group.Identity)) { return Refused(path, "it links back to a group that holds it"); }
        try { return WalkNode(node, path, partPath, depth); }
        finally { _open.Remove(group.Identity); }
    }

    private ElementInfo WalkNode(ContainerNode node, string path, string? partPath, int depth)
    {
        ElementEncoding encoding = ElementEncoding.Of(node);
        try
        {
            return encoding.Kind switch
            {
                ElementKind.Refused => Refused(path, encoding.Reason!, encoding),
                ElementKind.Dict => WalkDict((ContainerGroup)node, path, partPath, encoding, depth),
                ElementKind.DataFrame => WalkFrame(node, path, encoding, depth),
                ElementKind.AwkwardArray => AwkwardLayout.Describe((ContainerGroup)node, path, encoding),
                ElementKind.RecArray => WalkRecords((ContainerArray)node, path, encoding, depth),
                ElementKind.String or ElementKind.Number or ElementKind.Null =>
                    Scalar((ContainerArray)node, path, partPath ?? path, encoding),
                _ => Leaf(node, path, encoding),
            };
        }
        catch (Exception damage) when (ContainerException.IsDamage(damage))
        {
            return Refused(path, damage.Message, encoding);
        }
    }

    private ElementInfo WalkDict(ContainerGroup group, string path, string? partPath, ElementEncoding encoding, int depth)
    {
        // The file, its modalities and raw are made of elements; any other dict keeps its scalars in the outermost one's part.
        bool isObject = ElementEncoding.IsObject(encoding.Type) || encoding.Type is "raw" || path is "" or "mod" or "raw"
            || (path.StartsWith("mod/", StringComparison.Ordinal) && path.IndexOf('/', 4) < 0);
        string? below = isObject && partPath is null ? null : partPath ?? path;
        List<ElementInfo> children = [];
        foreach (string name in group.MemberNames)
        {
            string childPath = Join(path, name);
            ElementInfo child;
            if (name.Length == 0 || name.Contains('/'))
            {
                children.Add(Refused(childPath, "no path leads to it: its name is empty or holds a slash", name));
                continue;
            }

            try { child = Walk(group.Open(name), childPath, below, depth + 1); }
            catch (Exception damage) when (ContainerException.IsDamage(damage)) { child = Refused(childPath, damage.Message); }
            children.Add(child);
        }

        return new ElementInfo(path, ElementKind.Dict)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Children = children, PartPath = below ?? path,
        };
    }

    private ElementInfo WalkRecords(ContainerArray records, string path, ElementEncoding encoding, int depth)
    {
        ElementKind kind = LegacyRecords.KindOf(records, path);
        if (kind == ElementKind.DataFrame) { return WalkFrame(records, path, encoding, depth); }
        List<ElementInfo> fields = [];
        foreach (string name in records.Type.Fields.Select(field => field.Name).Distinct(StringComparer.Ordinal))
        {
            ElementInfo field = Field(records, name, Join(path, name));
            fields.Add(kind == ElementKind.RecArray ? field.WithPart(path) : field);
        }

        return new ElementInfo(path, kind)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Children = fields, PartPath = path,
            Shape = kind == ElementKind.RecArray ? records.Shape : [], Storage = StorageText.Of(records),
        };
    }

    /// <summary>One buffer of an awkward array: it has a part of its own, as any array.</summary>
    internal static ElementInfo Buffer(ContainerGroup group, string name, string path)
    {
        try
        {
            ContainerNode node = group.Open(name);
            ElementEncoding encoding = ElementEncoding.Of(node);
            return encoding.Kind == ElementKind.Dense
                ? Leaf(node, path, encoding)
                : Refused(path, encoding.Reason ?? $"a {encoding.Kind.Name()} cannot be a buffer of an awkward array");
        }
        catch (Exception damage) when (ContainerException.IsDamage(damage))
        {
            return Refused(path, damage.Message);
        }
    }

    private static ElementInfo Field(ContainerArray records, string name, string path)
    {
        try
        {
            ContainerArray field = records.OpenField(name);
            ElementEncoding encoding = ElementEncoding.Of(field);
            return encoding.Kind switch
            {
                ElementKind.Dense or ElementKind.Number => Leaf(field, path, encoding with { Kind = ElementKind.Dense }, name),
                ElementKind.StringArray or ElementKind.String => Leaf(field, path, encoding with { Kind = ElementKind.StringArray }, name),
                _ => Refused(path, encoding.Reason ?? $"a field of type {field.Type.Description} is not read", name),
            };
        }
        catch (Exception damage) when (ContainerException.IsDamage(damage))
        {
            return Refused(path, damage.Message, name);
        }
    }

    private ElementInfo WalkFrame(ContainerNode frame, string path, ElementEncoding encoding, int depth)
    {
        FrameMembers members = FrameMembers.Of(_root, frame, path);
        List<ElementInfo> columns = [];
        foreach (string name in members.Names)
        {
            string columnPath = Join(path, name);
            string attribute = name == members.IndexName ? "_index" : "column-order";
            ElementInfo column = members.Contains(name)
                ? WalkColumn(members, name, columnPath, depth)
                : Refused(columnPath, $"{attribute} names it, but the dataframe has no such member", name);
            columns.Add(column.WithPart(path));
        }

        long rows = columns.Find(column => column.Shape.Count > 0)?.Shape[0] ?? 0;
        return new ElementInfo(path, ElementKind.DataFrame)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = [rows, members.ColumnCount],
            IndexName = members.IndexName, Children = columns, PartPath = path,
            Storage = frame is ContainerArray records ? StorageText.Of(records) : null,
        };
    }

    private ElementInfo WalkColumn(FrameMembers members, string name, string path, int depth)
    {
        try
        {
            ContainerNode node = members.Open(name);
            if (node is ContainerArray codes && members.FindCategories(codes, name) is { } categories)
            {
                return new ElementInfo(path, ElementKind.Categorical, name)
                {
                    Shape = codes.Shape, Type = codes.Type.Number, Ordered = categories.Ordered, Storage = StorageText.Of(codes),
                };
            }

            ElementInfo column = Walk(node, path, partPath: null, depth + 1);
            return column.Kind.IsColumn()
                ? column.WithName(name)
                : Refused(path, column.Reason ?? $"a {column.Kind.Name()}{(column.Storage is { } storage ? $" ({storage})" : "")} cannot be a column of a dataframe", name);
        }
        catch (Exception damage) when (ContainerException.IsDamage(damage))
        {
            return Refused(path, damage.Message, name);
        }
    }

    private ElementInfo Scalar(ContainerArray array, string path, string partPath, ElementEncoding encoding) =>
        new(path, encoding.Kind)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Type = array.Type.Number,
            Storage = StorageText.Of(array), PartPath = partPath,
            Value = _withValues && encoding.Kind != ElementKind.Null ? ScalarValue.Read(array) : null,
        };

    private static ElementInfo Leaf(ContainerNode node, string path, ElementEncoding encoding, string? name = null)
    {
        if (node is ContainerArray array)
        {
            return new ElementInfo(path, encoding.Kind, name)
            {
                EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = array.Shape, Type = array.Type.Number,
                Storage = StorageText.Of(array), PartPath = path,
            };
        }

        ElementContent content = ContentReader.Read((ContainerGroup)node, path, encoding);
        return content.Info;
    }

    private static ElementInfo Refused(string path, string reason, ElementEncoding encoding) => new(path, ElementKind.Refused)
    {
        EncodingType = encoding.Type, EncodingVersion = encoding.Version, Reason = reason, PartPath = path,
    };

    private static ElementInfo Refused(string path, string reason, string? name = null) =>
        new(path, ElementKind.Refused, name) { Reason = reason, PartPath = path };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}/{name}";
}
