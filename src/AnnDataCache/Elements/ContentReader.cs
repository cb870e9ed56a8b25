using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>Finds the arrays of an element and checks them against each other. Reads metadata only.</summary>
/// <remarks>Every method throws <see cref="ContainerException"/> for what it cannot accept, with path, value and rule.</remarks>
internal static class ContentReader
{
    /// <summary>The content of an element of the tree.</summary>
    /// <param name="root">Root of the container that the tree describes.</param>
    /// <param name="info">An element that is not refused.</param>
    /// <param name="failed">Columns of a dataframe to leave out, with their reasons; those that cannot be opened are added.</param>
    internal static ElementContent Read(ContainerGroup root, ElementInfo info, Dictionary<string, string> failed)
    {
        ContainerNode node = OpenPath(root, info.Path);
        return info.Kind switch
        {
            ElementKind.Dict => new TreeContent(ElementTree.Describe(root, node, info.Path, info.PartPath, withValues: true)),
            ElementKind.Dense => new DenseContent(info, AsArray(node)),
            ElementKind.StringArray => new SingleContent(info, new StringColumn(info, AsArray(node), null)),
            ElementKind.DataFrame => ReadFrame(FrameMembers.Of(root, node, info.Path), info, failed),
            ElementKind.RecArray => ReadRecords(AsArray(node), info, failed),
            ElementKind.AwkwardArray => AwkwardLayout.Read(AsGroup(node), info),
            ElementKind.String or ElementKind.Number or ElementKind.Null =>
                new TreeContent(ElementTree.Describe(root, node, info.Path, info.PartPath, withValues: true)),
            _ => Read(AsGroup(node), info.Path, ElementEncoding.Of(node)),
        };
    }

    /// <summary>The content of a group that is one element: sparse, categorical or nullable.</summary>
    internal static ElementContent Read(ContainerGroup group, string path, ElementEncoding encoding) => encoding.Kind switch
    {
        ElementKind.Csr or ElementKind.Csc => ReadSparse(group, path, encoding),
        ElementKind.Categorical => Single(ReadCategorical(group, path, encoding)),
        ElementKind.NullableInteger or ElementKind.NullableBoolean or ElementKind.NullableStringArray =>
            Single(ReadNullable(group, path, encoding)),
        _ => throw new UnsupportedContainerException($"'{path}' is a {encoding.Kind}, which is not one array"),
    };

    private static SingleContent Single(ColumnContent column) => new(column.Info, column);

    private static SparseContent ReadSparse(ContainerGroup group, string path, ElementEncoding encoding)
    {
        long[] shape = (group.FindAttribute("shape") ?? group.FindAttribute("h5sparse_shape"))?.AsIntegers()
            ?? throw new DamagedContainerException($"'{path}' is a sparse matrix without the attribute 'shape'");
        if (shape is not [>= 0, >= 0])
        {
            throw new DamagedContainerException($"'{path}' has shape ({string.Join(", ", shape)}); two lengths, 0 or more, are expected");
        }

        ContainerArray offsets = Member(group, "indptr", path), indices = Member(group, "indices", path), values = Member(group, "data", path);
        long major = encoding.Kind == ElementKind.Csr ? shape[0] : shape[1];
        Require(offsets.Count == major + 1, path, $"indptr has {offsets.Count:N0} entries; {major + 1:N0} are expected");
        Require(indices.Count == values.Count, path, $"indices has {indices.Count:N0} entries, data {values.Count:N0}");
        Require(IsInteger(offsets) && IsInteger(indices), path, "indptr and indices must be integers");
        RequireNumbers(values);
        ElementInfo info = new(path, encoding.Kind)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = shape, Type = values.Type.Number,
            NonZeros = values.Count, Storage = StorageText.Of(values), PartPath = path,
        };
        return new SparseContent(info, offsets, indices, values);
    }

    private static CategoricalColumn ReadCategorical(ContainerGroup group, string path, ElementEncoding encoding, string? name = null)
    {
        ContainerArray codes = Member(group, "codes", path);
        bool ordered = group.FindAttribute("ordered")?.AsInteger() is not (null or 0);
        ColumnContent categories = ReadCategories(group.Open("categories"), $"{path}/categories");
        return Categorical(path, codes, categories, ordered, encoding, name);
    }

    private static CategoricalColumn Categorical(
        string path, ContainerArray codes, ColumnContent categories, bool ordered, ElementEncoding encoding, string? name)
    {
        Require(IsInteger(codes), path, $"codes are {codes.Type.Description}; integers are expected");
        ElementInfo info = new(path, ElementKind.Categorical, name)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = codes.Shape, Type = codes.Type.Number,
            Ordered = ordered, Storage = StorageText.Of(codes), PartPath = path,
        };
        return new CategoricalColumn(info, codes, categories);
    }

    private static ColumnContent ReadCategories(ContainerNode node, string path)
    {
        ElementEncoding encoding = ElementEncoding.Of(node);
        if (encoding.Kind == ElementKind.Refused) { throw new UnsupportedContainerException(encoding.Reason!); }
        return node is ContainerGroup group ? ReadNullable(group, path, encoding) : Column(AsArray(node), path, encoding);
    }

    private static ColumnContent ReadNullable(ContainerGroup group, string path, ElementEncoding encoding, string? name = null)
    {
        ContainerArray values = Member(group, "values", path);
        ContainerArray? mask = group.Contains("mask") ? Member(group, "mask", path) : null;
        Require(mask is null || (mask.Count == values.Count && mask.Type.Size == 1 && mask.Type.Class == StoredClass.Number), path,
            $"mask has {mask?.Count:N0} entries of {mask?.Type.Description}; {values.Count:N0} bools are expected");
        ElementInfo info = new(path, encoding.Kind, name)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = values.Shape, Type = values.Type.Number,
            Storage = StorageText.Of(values), PartPath = path, NaValue = group.FindAttribute("na-value")?.AsString(),
        };
        if (values.Type.IsString) { return new StringColumn(info, values, mask); }
        RequireNumbers(values);
        return new NumberColumn(info, values, mask);
    }

    private static FrameContent ReadFrame(FrameMembers members, ElementInfo info, Dictionary<string, string> failed) =>
        new(info, ReadColumns(info, failed, column => ReadColumn(members, column)));

    private static RecordsContent ReadRecords(ContainerArray records, ElementInfo info, Dictionary<string, string> failed) =>
        new(info, ReadColumns(info, failed, field => ReadField(records.OpenField(field.Name), field)));

    private static ColumnContent ReadField(ContainerArray field, ElementInfo info) =>
        Column(field, info.Path, ElementEncoding.Of(field), info.Name);

    private static List<ColumnContent> ReadColumns(
        ElementInfo info, Dictionary<string, string> failed, Func<ElementInfo, ColumnContent> read)
    {
        List<ColumnContent> columns = [];
        foreach (ElementInfo child in info.Children)
        {
            if (child.Kind == ElementKind.Refused || failed.ContainsKey(child.Name)) { continue; }
            try { columns.Add(read(child)); }
            catch (Exception damage) when (ContainerException.IsDamage(damage)) { failed.Add(child.Name, damage.Message); }
        }

        return columns;
    }

    private static ColumnContent ReadColumn(FrameMembers members, ElementInfo column)
    {
        ContainerNode node = members.Open(column.Name);
        if (node is ContainerArray codes && column.Kind == ElementKind.Categorical)
        {
            LegacyCategories legacy = members.FindCategories(codes, column.Name)
                ?? throw new DamagedContainerException($"'{column.Path}' has lost its categories");
            ColumnContent categories = ReadCategories(legacy.Values, $"{column.Path}/categories");
            return Categorical(column.Path, codes, categories, legacy.Ordered, ElementEncoding.Of(codes), column.Name);
        }

        ElementEncoding encoding = ElementEncoding.Of(node);
        if (node is ContainerArray array) { return Column(array, column.Path, encoding, column.Name); }
        return encoding.Kind == ElementKind.Categorical
            ? ReadCategorical(AsGroup(node), column.Path, encoding, column.Name)
            : ReadNullable(AsGroup(node), column.Path, encoding, column.Name);
    }

    private static ColumnContent Column(ContainerArray array, string path, ElementEncoding encoding, string? name = null)
    {
        ElementInfo info = new(path, encoding.Kind, name)
        {
            EncodingType = encoding.Type, EncodingVersion = encoding.Version, Shape = array.Shape, Type = array.Type.Number,
            Storage = StorageText.Of(array), PartPath = path,
        };
        if (array.Type.IsString) { return new StringColumn(info, array, null); }
        RequireNumbers(array);
        return new NumberColumn(info, array, null);
    }

    private static ContainerNode OpenPath(ContainerGroup root, string path)
    {
        ContainerNode node = root;
        if (path.Length == 0) { return node; }
        string[] steps = path.Split('/');
        for (int i = 0; i < steps.Length; i++)
        {
            if (node is ContainerArray records) { return records.OpenField(string.Join('/', steps[i..])); } // whose name may hold slashes
            node = (AsGroup(node)).Open(steps[i]);
        }

        return node;
    }

    private static ContainerArray AsArray(ContainerNode node) =>
        node as ContainerArray ?? throw new DamagedContainerException($"'{node.Path}' is a group where an array is expected");

    private static ContainerGroup AsGroup(ContainerNode node) =>
        node as ContainerGroup ?? throw new DamagedContainerException($"'{node.Path}' is an array where a group is expected");

    private static ContainerArray Member(ContainerGroup group, string name, string path) =>
        group.Contains(name) && group.Open(name) is ContainerArray array
            ? array
            : throw new DamagedContainerException($"'{path}' has no dataset '{name}'");

    private static bool IsInteger(ContainerArray array) => array.Type.Number is >= DType.Int8 and <= DType.UInt64;

    private static void RequireNumbers(ContainerArray array) => Require(
        array.Type.Class == StoredClass.Number, array.Path, $"holds values of type {array.Type.Description}, which are not read");

    private static void Require(bool condition, string path, string problem)
    {
        if (!condition) { throw new DamagedContainerException($"'{path}': {problem}"); }
    }
}
