using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>The arrays that one element is made of: what Loading turns into a part.</summary>
/// <param name="Info">The element's description.</param>
internal abstract record ElementContent(ElementInfo Info);

/// <summary>Numbers with any number of axes.</summary>
internal sealed record DenseContent(ElementInfo Info, ContainerArray Values) : ElementContent(Info);

/// <summary>The three arrays of a sparse matrix; their lengths agree with each other and with the shape.</summary>
/// <param name="Info">Shape is (n_obs, n_vars).</param>
/// <param name="Offsets">AnnData's <c>indptr</c>: rows + 1 of them (columns + 1 in a csc).</param>
/// <param name="Indices">Position on the other axis, one for each stored entry.</param>
/// <param name="Values">AnnData's <c>data</c>.</param>
internal sealed record SparseContent(ElementInfo Info, ContainerArray Offsets, ContainerArray Indices, ContainerArray Values)
    : ElementContent(Info);

/// <summary>A dataframe: the columns that can be read, all of one length.</summary>
internal sealed record FrameContent(ElementInfo Info, IReadOnlyList<ColumnContent> Columns) : ElementContent(Info);

/// <summary>Records: the fields that can be read, each with a row for each record.</summary>
internal sealed record RecordsContent(ElementInfo Info, IReadOnlyList<ColumnContent> Fields) : ElementContent(Info);

/// <summary>A string array, categorical or nullable array that stands on its own.</summary>
internal sealed record SingleContent(ElementInfo Info, ColumnContent Column) : ElementContent(Info);

/// <summary>A dict with the values of all scalars below it.</summary>
internal sealed record TreeContent(ElementInfo Info) : ElementContent(Info);

/// <summary>One column.</summary>
/// <param name="Info">Its description; the shape's product is the number of values.</param>
internal abstract record ColumnContent(ElementInfo Info)
{
    internal virtual long Rows => Info.Shape.Aggregate(1L, (product, length) => checked(product * length));
}

/// <summary>Numbers; an optional mask (true = missing) makes it nullable.</summary>
internal sealed record NumberColumn(ElementInfo Info, ContainerArray Values, ContainerArray? Mask) : ColumnContent(Info);

/// <summary>Strings; an optional mask (true = missing) makes it nullable.</summary>
internal sealed record StringColumn(ElementInfo Info, ContainerArray Values, ContainerArray? Mask) : ColumnContent(Info);

/// <summary>Lists: offsets into their items, one more than there are lists.</summary>
internal sealed record ListColumn(ElementInfo Info, long Lists, ContainerArray Offsets, ColumnContent Items) : ColumnContent(Info)
{
    internal override long Rows => Lists;
}

/// <summary>Strings as offsets into UTF-8 bytes.</summary>
internal sealed record TextColumn(ElementInfo Info, long Strings, ContainerArray Offsets, ContainerArray Bytes) : ColumnContent(Info)
{
    internal override long Rows => Strings;
}

/// <summary>Codes into categories; a negative code is a missing value.</summary>
internal sealed record CategoricalColumn(ElementInfo Info, ContainerArray Codes, ColumnContent Categories) : ColumnContent(Info);
