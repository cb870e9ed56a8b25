using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

// Where the numbers of genes come from, the first that is there:
//
//   dense        strided reads of the part
//   by gene      the part itself (csc), or the twin (of a csr): a row each
//   by cell      the csr part, by a scan of all its indices; the twin is begun for the next ask

/// <summary>Genes of a matrix as dense numbers.</summary>
internal sealed unsafe class GeneReader(CachedAnnData file, ElementInfo info)
{
    /// <param name="genes">Positions, in any order, also repeated.</param>
    /// <param name="wanted">The values' type, float32 or float64.</param>
    /// <param name="destination">Room for genes × observations.</param>
    /// <param name="cancellation">Looked at between pieces.</param>
    internal void Read(ReadOnlySpan<long> genes, DType wanted, byte* destination, CancellationToken cancellation)
    {
        long observations = info.Shape[0];
        foreach (long gene in genes)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(gene, nameof(genes));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(gene, info.Shape[1], nameof(genes));
        }

        if (genes.IsEmpty || observations == 0) { return; }
        if (info.Kind == ElementKind.Csr && file.TryPin(info.Path, TwinDraft.Name) is { } twin)
        {
            using (file.RequireShape(twin, info)) { ReadRows(SparseView.Of(twin.Part.View), genes, wanted, destination, cancellation); }
            return;
        }

        using PinnedElement whole = file.PinShape(info, cancellation);
        if (info.Kind == ElementKind.Csc) { ReadRows(SparseView.Of(whole.Part.View), genes, wanted, destination, cancellation); }
        else if (info.Kind == ElementKind.Csr) { Scan(whole, genes, wanted, destination, cancellation); }
        else
        {
            ColumnLayout column = whole.Layout.Columns[0];
            DenseColumns.Read(
                whole.Address(column.Values), column.Type, column.Rows, column.Width, genes.ToArray(), wanted, destination, file.Workers, cancellation);
        }
    }

    private void ReadRows(SparseView view, ReadOnlySpan<long> genes, DType wanted, byte* destination, CancellationToken cancellation)
    {
        long bytes = view.Minor * wanted.Size();
        if (genes.Length == 1) { DenseRow.Read(view, genes[0], wanted, destination); return; }
        long[] rows = genes.ToArray();
        Crew.ForEach(rows.Length, file.Workers, i => DenseRow.Read(view, rows[i], wanted, destination + (i * bytes)), cancellation);
    }

    private void Scan(PinnedElement whole, ReadOnlySpan<long> genes, DType wanted, byte* destination, CancellationToken cancellation)
    {
        SparseView view = SparseView.Of(whole.Part.View);
        Dictionary<long, int> places = [];
        foreach (long gene in genes) { places.TryAdd(gene, places.Count); }
        ColumnScan.Read(view, [.. places.Keys], wanted, destination, file.Workers, cancellation);
        Repeat(genes, places, view.Major * wanted.Size(), destination);
        file.StartTwin(whole, view);
    }
    /// <summary>Spreads columns that were read once each to where they were asked for, from the last on: none is overwritten before it has moved.</summary>
    private static void Repeat(ReadOnlySpan<long> genes, Dictionary<long, int> places, long bytes, byte* destination)
    {
        for (int i = genes.Length - 1; i >= 0 && places.Count < genes.Length; i--)
        {
            Buffer.MemoryCopy(destination + (places[genes[i]] * bytes), destination + (i * bytes), bytes, bytes);
        }
    }
}
