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
    /// <summary>A scan of fewer entries takes a tenth of a millisecond: no twin is begun for that.</summary>
    internal const long FewEntries = 1 << 18;

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
            using (Require(twin)) { ReadRows(SparseView.Of(twin.Part.View), genes, wanted, destination, cancellation); }
            return;
        }

        using PinnedElement whole = Require(file.Pin(info.Path, null, cancellation));
        if (info.Kind == ElementKind.Csc) { ReadRows(SparseView.Of(whole.Part.View), genes, wanted, destination, cancellation); }
        else if (info.Kind == ElementKind.Csr) { Scan(whole, genes, wanted, destination, cancellation); }
        else
        {
            ColumnLayout column = whole.Layout.Columns[0];
            DenseColumns.Read(
                whole.Address(column.Values), column.Type, column.Rows, column.Width, genes.ToArray(), wanted, destination, file.Workers, cancellation);
        }
    }

    /// <summary>The caller's memory is measured by the shape that the file had at first.</summary>
    private PinnedElement Require(PinnedElement part)
    {
        if (part.Layout.Shape.SequenceEqual(info.Shape)) { return part; }
        part.Dispose();
        throw new SourceException(CacheError.SourceChanged, $"'{file.Path}' changed while '{info.Path}' was read: its shape is another one. Ask again.");
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
        long[] all = genes.ToArray();
        ColumnScan.Read(view, all, wanted, destination, file.Workers, cancellation);
        if (file.TwinPolicy != TwinPolicy.Never && view.Entries >= FewEntries && TwinDraft.IsWorthwhile(view)) { file.StartTwin(whole); }
    }
}
