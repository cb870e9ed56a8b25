using AnnDataCache.Cli.Plots;

namespace AnnDataCache.Cli;

/// <summary>What a plot needs of each cell: coordinates, and a number or a category.</summary>
internal static class CellColumns
{
    private static readonly string[] s_embeddings = ["obsm/X_umap", "obsm/X_tsne", "obsm/X_pca", "obsm/spatial", "obsm/X_spatial"];

    internal static string DefaultEmbedding(CachedAnnData source)
    {
        ElementInfo tree = source.Tree;
        return Array.Find(s_embeddings, path => tree.Find(path) is not null)
            ?? tree.Find("obsm")?.Children.FirstOrDefault(child => child is { Kind: ElementKind.Dense, Shape: [_, >= 2] })?.Path
            ?? throw new UsageException("The file has no embedding in obsm; give --embedding.");
    }

    internal static Embedding ReadEmbedding(CachedAnnData source, string path, CancellationToken cancellation)
    {
        using PinnedElement pinned = source.Pin(source.Tree.Find(path) is null ? $"obsm/{path}" : path, null, cancellation);
        if (pinned.Info.Kind != ElementKind.Dense || pinned.Columns is not [{ Width: >= 2 } column])
        {
            throw new UsageException($"'{path}' is a {pinned.Info.Kind.Name()}; an embedding has two numbers for each cell.");
        }

        return new Embedding(path, Numbers(column, 0), Numbers(column, 1));
    }

    /// <summary>Of a column of obs, or else of a gene.</summary>
    internal static PointColors ReadColors(CachedAnnData source, string name, string element, CancellationToken cancellation)
    {
        string path = source.Tree.Find($"obs/{name}") is not null ? $"obs/{name}" : name;
        if (!path.StartsWith("obs/", StringComparison.Ordinal))
        {
            try
            {
                return PointColors.OfNumbers(name, GeneValues(source, name, element, cancellation));
            }
            catch (ElementException error) when (error.Error == CacheError.NameNotFound)
            {
                throw new ExplainedException($"'{name}' is neither a column of obs ({ColumnsOf(source)}) nor a gene: {error.Message}", error);
            }
        }

        using PinnedElement pinned = source.Pin(path, null, cancellation);
        PinnedColumn column = pinned.Columns[0];
        if (column is { Categories: null, IsBitmap: false, Kind: ElementKind.Dense or ElementKind.NullableInteger })
        {
            return PointColors.OfNumbers(name, Numbers(column, 0));
        }

        ColumnSummary summary = source.SummarizeColumn(path, 1, 0, cancellation);
        Dictionary<string, int> codes = summary.Categories.Select((label, code) => (label, code)).ToDictionary(StringComparer.Ordinal);
        int[] ofCell = new int[column.Rows];
        for (int cell = 0; cell < ofCell.Length; cell++)
        {
            ofCell[cell] = column.Kind == ElementKind.Categorical ? (int)column.GetCode(cell)
                : column.IsNull(cell) ? -1 : codes[column.IsBitmap ? (bool)column.GetValue(cell)! ? "True" : "False" : column.GetString(cell)];
        }

        return PointColors.OfCategories(name, ofCell, summary.Categories, ColorsOf(source, name, summary.Categories.Count));
    }

    /// <summary>The file's own colours of a column's categories, in <c>uns</c> as scanpy writes them; null where there are none.</summary>
    internal static Color[]? ColorsOf(CachedAnnData source, string column, int categories)
    {
        ElementInfo? info = source.Tree.Find($"uns/{column}_colors");
        if (info is not { Kind: ElementKind.StringArray, Shape: [long count] } || count < categories) { return null; }
        using PinnedElement pinned = source.Pin(info.Path);
        Color[] colors = new Color[categories];
        for (int i = 0; i < colors.Length; i++)
        {
            if (!Color.TryParse(pinned.Columns[0].GetString(i), out colors[i])) { return null; }
        }

        return colors;
    }

    private static string ColumnsOf(CachedAnnData source) => source.Tree.Find("obs") is { Kind: ElementKind.DataFrame } obs
        ? string.Join(", ", obs.Children.Where(column => column.Name != obs.IndexName).Take(40).Select(column => column.Name))
        : "there is none";

    private static double[] GeneValues(CachedAnnData source, string gene, string element, CancellationToken cancellation) =>
        Array.ConvertAll(source.Slices(element).Gene(gene, null, cancellation), number => (double)number);

    private static double[] Numbers(PinnedColumn column, long item)
    {
        double[] numbers = new double[column.Rows];
        for (long cell = 0; cell < numbers.LongLength; cell++)
        {
            numbers[cell] = column.GetValue(cell, item) switch
            {
                null => double.NaN,
                Half half => (double)half,
                object number => Convert.ToDouble(number, null),
            };
        }

        return numbers;
    }
}
