using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>Describes all elements of a container without reading their data.</summary>
/// <remarks>
/// Bounds: <see cref="MaxDepth"/> and <see cref="MaxNodes"/> end the walk of a file whose links form a cycle; what lies
/// beyond is refused with that reason.
/// </remarks>
internal sealed class ElementTree
{
    /// <summary>AnnData files are a few levels deep; a dict in uns may nest.</summary>
    internal const int MaxDepth = 64;

    /// <summary>Far above any real file, and low enough to end in seconds.</summary>
    internal const int MaxNodes = 250_000;

    private readonly bool _withValues;
    private int _nodes;

    private ElementTree(bool withValues) => _withValues = withValues;

    /// <summary>The tree below a node.</summary>
    /// <param name="node">Usually the root of a file.</param>
    /// <param name="partPath">Part that holds the scalars below; null at a root, where each top-level dict has its own.</param>
    /// <param name="withValues">True to read the values of scalars.</param>
    internal static ElementInfo Describe(ContainerNode node, string? partPath, bool withValues) =>
        new ElementTree(withValues).Walk(node, node.Path, partPath, 0);

    private ElementInfo Walk(ContainerNode node, string path, string? partPath, int depth)
    {
        if (depth > MaxDepth) { return Refused(path, $"nested deeper than {MaxDepth} levels"); }
        if (++_nodes > MaxNodes) { return Refused(path, $"the file has more than {MaxNodes:N0} elements"); }
        ElementEncoding encoding = ElementEncoding.Of(node);
        try
        {
            return encoding.Kind switch
            {
                ElementKind.Refused => Refused(path, encoding.Reason!, encoding),
                ElementKind.Dict => WalkDict((ContainerGroup)node, path, partPath, encoding, depth),
                ElementKind.DataFrame => WalkFrame((ContainerGroup)node, path, encoding, depth),
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
            try { child = Walk(group.Open(name), childPath, below, depth + 1); }
            catch (Exception damage) when (ContainerException.IsDamage(damage)) { child = Refused(childPath, damage.Message); }
            children.Add(child);
        }

        return new ElementInfo(path, ElementKind.Dict)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Children = children, PartPath = below ?? path,
        };
    }

    private ElementInfo WalkFrame(ContainerGroup group, string path, ElementEncoding encoding, int depth)
    {
        FrameMembers members = FrameMembers.Of(group);
        List<ElementInfo> columns = [];
        foreach (string name in members.Names)
        {
            string columnPath = Join(path, name);
            ElementInfo column = group.Contains(name)
                ? WalkColumn(group, name, columnPath, depth)
                : Refused(columnPath, "column-order names it, but the dataframe has no such member");
            columns.Add(column.WithPart(path));
        }

        long rows = columns.Find(column => column.Shape.Count > 0)?.Shape[0] ?? 0;
        return new ElementInfo(path, ElementKind.DataFrame)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = [rows, members.ColumnCount],
            IndexName = members.IndexName, Children = columns, PartPath = path,
        };
    }

    private ElementInfo WalkColumn(ContainerGroup group, string name, string path, int depth)
    {
        try
        {
            ContainerNode node = group.Open(name);
            if (node is ContainerArray codes && LegacyCategories.Find(group, codes) is { } categories)
            {
                return new ElementInfo(path, ElementKind.Categorical)
                {
                    Shape = codes.Shape, Type = codes.Type.Number, Ordered = categories.Ordered, Storage = StorageText.Of(codes),
                };
            }

            ElementInfo column = Walk(node, path, partPath: null, depth + 1);
            return column.Kind is ElementKind.Dict or ElementKind.DataFrame or ElementKind.Csr or ElementKind.Csc
                ? Refused(path, $"a {column.Kind} cannot be a column of a dataframe")
                : column;
        }
        catch (Exception damage) when (ContainerException.IsDamage(damage))
        {
            return Refused(path, damage.Message);
        }
    }

    private ElementInfo Scalar(ContainerArray array, string path, string partPath, ElementEncoding encoding) =>
        new(path, encoding.Kind)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Type = array.Type.Number,
            Storage = StorageText.Of(array), PartPath = partPath,
            Value = _withValues ? ScalarValue.Read(array) : null,
        };

    private static ElementInfo Leaf(ContainerNode node, string path, ElementEncoding encoding)
    {
        if (node is ContainerArray array)
        {
            return new ElementInfo(path, encoding.Kind)
            {
                EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = array.Shape, Type = array.Type.Number,
                Storage = StorageText.Of(array), PartPath = path,
            };
        }

        ElementContent content = ContentReader.Read((ContainerGroup)node, path, encoding);
        return content.Info;
    }

    internal static ElementInfo Refused(string path, string reason, ElementEncoding encoding = default) =>
        new(path, ElementKind.Refused)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Reason = reason, PartPath = path,
        };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}/{name}";
}
