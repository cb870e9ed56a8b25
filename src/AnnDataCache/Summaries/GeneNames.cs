using System.Globalization;

namespace AnnDataCache.Summaries;

/// <summary>From names of genes to columns of the matrix, by the index of var.</summary>
internal static class GeneNames
{
    private const int MaxListed = 5;

    /// <summary>The columns of some genes, in the order of the names.</summary>
    /// <exception cref="ElementException">A name is not there, or is there more than once.</exception>
    internal static int[] Find(PinnedElement var, IReadOnlyList<string> names)
    {
        PinnedColumn index = Index(var);
        Dictionary<string, int> found = new(names.Count, StringComparer.Ordinal);
        foreach (string name in names) { found[name] = -1; }
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = found.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> room = stackalloc char[256];
        for (int gene = 0; gene < index.Rows; gene++)
        {
            ReadOnlySpan<char> name = Read(index, gene, room);
            if (!lookup.TryGetValue(name, out int before)) { continue; }
            if (before >= 0) { throw Ambiguous(var, name.ToString(), before, gene); }
            lookup[name] = gene;
        }

        int[] genes = new int[names.Count];
        for (int i = 0; i < genes.Length; i++)
        {
            genes[i] = found[names[i]];
            if (genes[i] < 0) { throw Absent(var, index, names[i]); }
        }

        return genes;
    }

    /// <summary>The names of all genes, in order.</summary>
    internal static string[] All(PinnedElement var)
    {
        PinnedColumn index = Index(var);
        string[] names = new string[index.Rows];
        for (int gene = 0; gene < names.Length; gene++) { names[gene] = Text(index.GetValue(gene)); }
        return names;
    }

    /// <summary>A value of a column as pandas' <c>str</c> gives it; empty when it is missing.</summary>
    internal static string Text(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "True" : "False",
        double number => DTypes.Text(number),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static PinnedColumn Index(PinnedElement var) => var.Columns is [PinnedColumn index, ..]
        ? index
        : throw new ElementException(CacheError.ElementNotFound, $"'{var.Info.Path}' has no index; ask for all genes, by their position.");

    private static ReadOnlySpan<char> Read(PinnedColumn index, int gene, Span<char> room)
    {
        if (index.Kind != ElementKind.StringArray) { return Text(index.GetValue(gene)); }
        ReadOnlySpan<byte> bytes = index.GetUtf8(gene);
        return System.Text.Encoding.UTF8.TryGetChars(bytes, room, out int length) ? room[..length] : index.GetString(gene);
    }

    private static ElementException Ambiguous(PinnedElement var, string name, int first, int second) => new(
        CacheError.ElementNotFound,
        $"Gene '{name}' is ambiguous: '{var.Info.Path}' has it in rows {first} and {second}. "
        + "Make the names unique (anndata's var_names_make_unique).");

    private static ElementException Absent(PinnedElement var, PinnedColumn index, string name)
    {
        List<string> near = [];
        for (int gene = 0; gene < index.Rows && near.Count < MaxListed; gene++)
        {
            string other = Text(index.GetValue(gene));
            bool alike = other.Equals(name, StringComparison.OrdinalIgnoreCase)
                || (name.Length > 1 && other.StartsWith(name, StringComparison.OrdinalIgnoreCase));
            if (alike) { near.Add(other); }
        }

        string hint = near.Count > 0 ? $"Similar: {string.Join(", ", near)}."
            : index.Rows == 0 ? "It has no genes."
            : $"The first of {index.Rows} is '{Text(index.GetValue(0))}'.";
        return new ElementException(CacheError.ElementNotFound, $"'{var.Info.Path}' has no gene '{name}'. {hint}");
    }
}
