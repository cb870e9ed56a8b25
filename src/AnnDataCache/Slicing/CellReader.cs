namespace AnnDataCache.Slicing;

// Where cells come from, the first that is there:
//
//   dense        rows of the part
//   by cell      the part itself (csr), or the twin (of a csc): a row each
//   by gene      the csc part, by a scan of all its indices; the twin is begun for the next ask
//
// A part that no tier has is not loaded for a few cells: SourceRows reads them from the source.

/// <summary>Cells of a matrix, and blocks of cells and genes.</summary>
internal sealed unsafe class CellReader(CachedAnnData file, ElementInfo info)
{
    /// <summary>Numbers of a dense gene that are cleared and gathered at the cost of one stored entry.</summary>
    private const int NumbersPerEntry = 4;

    internal SparseSlice ReadSparse(long[] cells, CancellationToken cancellation)
    {
        if (info.Kind == ElementKind.Dense)
        {
            throw new InvalidOperationException($"'{info.Path}' is dense: take its cells with ReadBlock or ReadCells.");
        }

        Require(cells, 0, nameof(cells));
        using PinnedElement? rows = PinByCell(cells, cancellation, out SparseSlice? read);
        if (read is not null) { return read; }
        if (rows is not null) { return RowGather.Sparse(SparseView.Of(rows.Part.View), cells, file.Workers, cancellation); }
        using PinnedElement whole = file.PinShape(info, cancellation);
        SparseSlice found = Scan(whole, [.. cells.Distinct()], cancellation);
        return found.Rows == cells.Length ? found : Repeat(found, cells);
    }

    /// <summary>Cells × all genes, dense.</summary>
    internal void ReadDense(long[] cells, DType wanted, byte* destination, CancellationToken cancellation)
    {
        Require(cells, 0, nameof(cells));
        if (cells.Length == 0 || info.Shape[1] == 0) { return; }
        if (info.Kind == ElementKind.Dense)
        {
            ReadDenseRows(cells, null, wanted, destination, cancellation);
            return;
        }

        using PinnedElement? rows = PinByCell(cells, cancellation, out SparseSlice? read);
        if (rows is not null)
        {
            RowGather.Dense(SparseView.Of(rows.Part.View), cells, wanted, destination, file.Workers, cancellation);
            return;
        }

        SliceRows.Dense(read ?? ReadSparse(cells, cancellation), wanted, destination, file.Workers, cancellation);
    }

    /// <summary>Cells × genes, dense, in C order.</summary>
    internal void ReadBlock(long[] cells, long[] genes, DType wanted, byte* destination, CancellationToken cancellation)
    {
        Require(cells, 0, nameof(cells));
        Require(genes, 1, nameof(genes));
        if (cells.Length == 0 || genes.Length == 0) { return; }
        if (info.Kind == ElementKind.Dense)
        {
            ReadDenseRows(cells, genes, wanted, destination, cancellation);
            return;
        }

        if (ByGene(cells.Length, genes.Length))
        {
            ReadByGene(cells, genes, wanted, destination, cancellation);
            return;
        }

        using PinnedElement? rows = PinByCell(cells, cancellation, out SparseSlice? read);
        if (rows is not null)
        {
            RowGather.Block(SparseView.Of(rows.Part.View), cells, genes, wanted, destination, file.Workers, cancellation);
            return;
        }

        SliceRows.Block(read ?? ReadSparse(cells, cancellation), genes, wanted, destination, file.Workers, cancellation);
    }

    /// <summary>The part that is stored by cell, pinned; or the cells, read from a source whose part no tier has; or neither.</summary>
    private PinnedElement? PinByCell(long[] cells, CancellationToken cancellation, out SparseSlice? read)
    {
        read = null;
        if (info.Kind == ElementKind.Csc) { return file.TryPin(info.Path, TwinDraft.Name) is { } twin ? file.RequireShape(twin, info) : null; }
        if (file.TryPin(info.Path) is { } present) { return file.RequireShape(present, info); }
        read = file.TryReadRows(info, cells, cancellation);
        return read is null ? file.PinShape(info, cancellation) : null;
    }

    /// <summary>True when the block's genes can be had one by one, and that touches less than its cells do.</summary>
    private bool ByGene(double cells, double genes)
    {
        bool isCsr = info.Kind == ElementKind.Csr;
        using PinnedElement? twin = file.TryPin(info.Path, TwinDraft.Name);
        if (isCsr && twin is null) { return false; }
        double entries = info.NonZeros ?? 0, observations = info.Shape[0], variables = info.Shape[1];
        double geneByGene = genes * ((observations / NumbersPerEntry) + (entries / variables));
        return geneByGene < (isCsr || twin is not null ? cells * entries / observations : entries);
    }

    private void ReadByGene(long[] cells, long[] genes, DType wanted, byte* destination, CancellationToken cancellation)
    {
        GeneReader reader = new(file, info);
        byte[] column = new byte[checked((int)(info.Shape[0] * wanted.Size()))];
        int size = wanted.Size();
        fixed (byte* all = column)
        {
            for (int gene = 0; gene < genes.Length; gene++)
            {
                reader.Read([genes[gene]], wanted, all, cancellation);
                for (int cell = 0; cell < cells.Length; cell++)
                {
                    new ReadOnlySpan<byte>(all + (cells[cell] * size), size).CopyTo(new Span<byte>(destination + ((((long)cell * genes.Length) + gene) * size), size));
                }
            }
        }
    }

    private SparseSlice Scan(PinnedElement whole, long[] cells, CancellationToken cancellation)
    {
        SparseView view = SparseView.Of(whole.Part.View);
        SparseSlice found = RowScan.Read(view, cells, file.Workers, cancellation);
        file.StartTwin(whole, view);
        return found;
    }

    private static SparseSlice Repeat(SparseSlice found, long[] cells)
    {
        Dictionary<long, int> places = [];
        foreach (long cell in cells) { places.TryAdd(cell, places.Count); }
        return SliceRows.Take(found, [.. cells.Select(cell => places[cell])]);
    }

    private void ReadDenseRows(long[] cells, long[]? genes, DType wanted, byte* destination, CancellationToken cancellation)
    {
        PinnedElement? whole = file.TryPin(info.Path);
        if (whole is null && file.TryReadDenseRows(info, cells, cancellation) is { } read)
        {
            fixed (byte* rows = read)
            {
                for (int i = 0; i < cells.Length; i++) { Pick(rows, i, i); }
            }

            return;
        }

        using PinnedElement part = whole is null ? file.PinShape(info, cancellation) : file.RequireShape(whole, info);
        byte* values = part.Address(part.Layout.Columns[0].Values);
        RowGather.ForRows(cells.Length, file.Workers, i => Pick(values, cells[i], i), cancellation);

        void Pick(byte* rows, long row, long output) => DenseRow.Pick(
            rows + (row * info.Shape[1] * info.Type!.Value.Size()), info.Type!.Value, info.Shape[1], genes, wanted,
            destination + (output * (genes?.Length ?? info.Shape[1]) * wanted.Size()));
    }

    private void Require(long[] positions, int axis, string name)
    {
        foreach (long position in positions)
        {
            if (position < 0 || position >= info.Shape[axis])
            {
                throw new ArgumentOutOfRangeException(name, position, $"'{info.Path}' has {info.Shape[axis]:N0} {(axis == 0 ? "cells" : "genes")}.");
            }
        }
    }
}
