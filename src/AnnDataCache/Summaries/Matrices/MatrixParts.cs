using AnnDataCache.Slicing;

namespace AnnDataCache.Summaries;

/// <summary>Which part of a matrix serves a question best: its own, or its twin along the other axis.</summary>
internal static class MatrixParts
{
    /// <summary>Genes: from what lies by gene, if a tier has it; else from the matrix, and its twin is begun for the next ask.</summary>
    internal static PinnedElement PinForGenes(CachedAnnData data, string element, CancellationToken cancellation)
    {
        ElementInfo info = data.Describe(element);
        if (info.Kind == ElementKind.Csr && TryPinTwin(data, info.Path) is { } twin) { return twin; }
        PinnedElement whole = data.Pin(element, null, cancellation);
        if (whole.Info.Kind != ElementKind.Csr || data.TwinPolicy == TwinPolicy.Never) { return whole; }
        SparseView view = SparseView.Of(whole.Part.View);
        data.StartTwin(whole, view);
        return whole;
    }

    /// <summary>Cells: the matrix, or of one that lies by gene its twin, which is built where there is none.</summary>
    /// <exception cref="ElementException">The twin of such a matrix has repeated entries in a type that may not hold their sums.</exception>
    internal static PinnedElement PinForCells(CachedAnnData data, string element, CancellationToken cancellation)
    {
        ElementInfo info = data.Describe(element);
        if (info.Kind != ElementKind.Csc) { return data.Pin(element, null, cancellation); }
        PinnedElement twin = data.Slices(info.Path).PinTwin(cancellation)!;
        if (twin.Columns[0].Canonical) { return twin; }
        twin.Dispose();
        throw new ElementException(
            CacheError.ElementUnreadable,
            $"'{info.Path}' is stored by gene with unsorted or repeated entries; batches need it by cell. "
            + "Store it as csr, or sum its duplicates.");
    }

    /// <summary>A twin whose entries do not repeat: its values may be narrower than the sum of two of them.</summary>
    private static PinnedElement? TryPinTwin(CachedAnnData data, string path)
    {
        PinnedElement? twin = data.TryPin(path, TwinDraft.Name);
        if (twin is null || twin.Columns[0].Canonical) { return twin; }
        twin.Dispose();
        return null;
    }
}
