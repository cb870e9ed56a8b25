namespace AnnDataCache.Tests.Slicing;

/// <summary>A store, the file of all forms, and what scipy makes of each.</summary>
internal sealed class SliceFixture : IDisposable
{
    internal static readonly string Forms = TestFiles.Small("slices/forms.h5ad");

    internal SliceFixture(TwinPolicy policy = TwinPolicy.OnFirstGene)
    {
        Cache = Cache.Open(Store.Options with { Twin = policy });
        File = Cache.Open(Forms);
    }

    internal TestStore Store { get; } = new();

    internal Cache Cache { get; }

    internal CachedAnnData File { get; }

    /// <summary>Names of all matrices below <c>layers</c>.</summary>
    internal static string[] Names()
    {
        using SliceFixture fixture = new();
        return [.. fixture.File.Tree.Find("layers")!.Children.Select(child => child.Name)];
    }

    internal static bool IsDense(string form) => form.StartsWith("dense", StringComparison.Ordinal);

    /// <summary>The expected numbers at cells × genes, in the matrix's own type, in C order; null for all of an axis.</summary>
    internal byte[] Expected(string form, long[]? cells, long[]? genes)
    {
        using PinnedElement dense = File.Pin($"uns/expected/{form}");
        cells ??= [.. Positions(dense.Info.Shape[0])];
        genes ??= [.. Positions(dense.Info.Shape[1])];
        int size = dense.Info.Type!.Value.Size();
        ReadOnlySpan<byte> values = dense.Columns[0].Values.Span<byte>();
        List<byte> picked = [];
        foreach (long cell in cells)
        {
            foreach (long gene in genes) { picked.AddRange(values.Slice((int)((cell * dense.Info.Shape[1]) + gene) * size, size)); }
        }

        return [.. picked];
    }

    /// <summary>The same, a gene after the other.</summary>
    internal byte[] ExpectedGenes(string form, long[] genes) => [.. genes.SelectMany(gene => Expected(form, null, [gene]))];

    internal static IEnumerable<long> Positions(long count) => Enumerable.Range(0, (int)count).Select(i => (long)i);

    public void Dispose()
    {
        File.Dispose();
        Cache.Dispose();
        Store.Dispose();
    }
}
