namespace AnnDataCache;

/// <summary>What is known of an element without loading it. A tree: dicts and dataframes have children. Immutable.</summary>
public sealed class ElementInfo
{
    /// <param name="path">Path inside the file.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="name">Where it holds a slash, as the names of columns may; else null.</param>
    internal ElementInfo(string path, ElementKind kind, string? name = null) =>
        (Path, Kind, Name) = (path, kind, name ?? path[(path.LastIndexOf('/') + 1)..]);

    /// <summary>Path inside the file as stored: <c>X</c>, <c>obs/cell_type</c>, <c>mod/rna/X</c>; empty for the file itself.</summary>
    public string Path { get; }

    /// <summary>Last component of <see cref="Path"/>. The name of a column or field may itself hold slashes.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public ElementKind Kind { get; }

    /// <summary>The attribute <c>encoding-type</c>, or null in files that have none.</summary>
    public string? EncodingType { get; internal init; }

    /// <summary>The attribute <c>encoding-version</c>, or null.</summary>
    public string? EncodingVersion { get; internal init; }

    /// <summary>All axes of an array; (n_obs, n_vars) of a sparse matrix; (rows, columns) of a dataframe; else empty.</summary>
    public IReadOnlyList<long> Shape { get; internal init; } = [];

    /// <summary>Type of the numbers (of a sparse matrix its values, of a categorical its codes), or null.</summary>
    public DType? Type { get; internal init; }

    /// <summary>Stored entries of a sparse matrix, or null.</summary>
    public long? NonZeros { get; internal init; }

    /// <summary>True for an ordered categorical.</summary>
    public bool Ordered { get; internal init; }

    /// <summary>Of nullable strings: the attribute <c>na-value</c>, which says what pandas' missing value is: <c>NA</c> or <c>NaN</c>; else null.</summary>
    public string? NaValue { get; internal init; }

    /// <summary>How it is stored, in words: type, layout, chunks, filters. For people.</summary>
    public string? Storage { get; internal init; }

    /// <summary>Why it cannot be read, when <see cref="Kind"/> is <see cref="ElementKind.Refused"/>.</summary>
    public string? Reason { get; internal init; }

    /// <summary>Of a dataframe: name of the column that holds the row names, as stored.</summary>
    public string? IndexName { get; internal init; }

    /// <summary>
    /// Value of a scalar: a <see cref="string"/>, <see cref="bool"/>, or number of exactly <see cref="Type"/>; bytes that
    /// are no UTF-8 text are a <c>byte[]</c>. Of an awkward array: its form, a JSON text.
    /// Only in a tree that was pinned (<c>Pin("uns")</c>); null elsewhere.
    /// </summary>
    public object? Value { get; internal init; }

    /// <summary>
    /// Members of a dict, by name; columns of a dataframe, the index first, the others in column order; fields of records;
    /// buffers of an awkward array.
    /// </summary>
    public IReadOnlyList<ElementInfo> Children { get; internal init; } = [];

    /// <summary>
    /// The element whose part holds this one: a dataframe for its columns, the outermost dict for scalars and dicts
    /// (<c>uns</c> for <c>uns/neighbors/params/n</c>), itself for the rest.
    /// </summary>
    public string PartPath { get; internal init; } = "";

    /// <summary>The element at a path below this one, or null.</summary>
    /// <param name="path">Full path, as in <see cref="Path"/>.</param>
    public ElementInfo? Find(string path)
    {
        ElementInfo current = this;
        while (current.Path != path)
        {
            ElementInfo? next = null; // the longest that leads there: beside a column 'a' there may be one named 'a/b'
            foreach (ElementInfo child in current.Children)
            {
                bool leads = path.StartsWith(child.Path, StringComparison.Ordinal)
                    && (path.Length == child.Path.Length || path[child.Path.Length] == '/');
                if (leads && (next is null || child.Path.Length > next.Path.Length)) { next = child; }
            }

            if (next is null) { return null; }
            current = next;
        }

        return current;
    }

    /// <summary>This element and all below it, parents first.</summary>
    public IEnumerable<ElementInfo> SelfAndDescendants()
    {
        Stack<ElementInfo> open = new([this]);
        while (open.TryPop(out ElementInfo? next))
        {
            yield return next;
            for (int i = next.Children.Count - 1; i >= 0; i--) { open.Push(next.Children[i]); }
        }
    }

    /// <summary>What has a part of its own at or below this element, and can be read: what to pin to have all of it. In the tree's order.</summary>
    public IEnumerable<ElementInfo> Parts()
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (ElementInfo info in SelfAndDescendants())
        {
            // A dict has a part for the scalars in it; one of arrays alone needs none.
            if (info.Kind is ElementKind.Dict or ElementKind.Refused || !seen.Add(info.PartPath)) { continue; }
            yield return info.PartPath == info.Path ? info : Find(info.PartPath) ?? info;
        }
    }

    /// <summary>About as many bytes as the element's part has.</summary>
    internal double EstimateBytes() => Kind switch
    {
        ElementKind.Csr or ElementKind.Csc => (NonZeros ?? 0) * (sizeof(int) + SizeOfOne) + sizeof(int) * (Shape is [long major, ..] ? (double)major : 0),
        ElementKind.DataFrame or ElementKind.RecArray => Children.Sum(child => child.EstimateBytes()),
        ElementKind.Dict => 0,
        _ => Shape.Aggregate(SizeOfOne, (product, length) => product * length),
    };

    /// <summary>Bytes of a number, or about those of a string.</summary>
    private double SizeOfOne => Type?.Size() ?? 16;

    /// <summary>The same description, held by another part.</summary>
    internal ElementInfo WithPart(string partPath) => Copy(Name, partPath);

    /// <summary>The same description, under a name that may hold slashes.</summary>
    internal ElementInfo WithName(string name) => name == Name ? this : Copy(name, PartPath);

    private ElementInfo Copy(string name, string partPath) => new(Path, Kind, name)
    {
        EncodingType = EncodingType, EncodingVersion = EncodingVersion, Shape = Shape, Type = Type, NonZeros = NonZeros,
        Ordered = Ordered, NaValue = NaValue, Storage = Storage, Reason = Reason, IndexName = IndexName, Value = Value, Children = Children,
        PartPath = partPath,
    };
}
