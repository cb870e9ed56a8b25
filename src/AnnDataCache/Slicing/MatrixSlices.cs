using AnnDataCache.Slicing;

namespace AnnDataCache;

/// <summary>A matrix by genes, cells and blocks: answers come from the parts of the store, in place.</summary>
/// <remarks>
/// <para>Genes of a matrix that is stored cell by cell come from its <em>twin</em>, the same matrix gene by gene, a part like
/// others. The first ask for a gene is answered by a parallel scan, and the twin is built meanwhile
/// (<see cref="CacheOptions.Twin"/>). Of a matrix that is stored gene by gene, the twin serves cells.</para>
/// <para>Numbers come in the matrix's own type (<see cref="Type"/>), or as float or double, rounded as numpy's
/// <c>astype</c>; as <see cref="byte"/>, the bytes of its own type. Stored entries that repeat a place are added up, as scipy
/// does. Every call sees the file as it is now. Thread-safe.</para>
/// </remarks>
/// <example><code>
/// MatrixSlices x = pbmc.Slices("X");
/// float[] cd3d = x.Gene("CD3D");                              // n_obs numbers
/// float[] two = x.Genes&lt;float&gt;([x.FindGene("CD4"), 17]);      // 2 × n_obs, a gene after the other
/// </code></example>
public sealed unsafe class MatrixSlices
{
    private readonly CachedAnnData _file;

    internal MatrixSlices(CachedAnnData file, string element) => (_file, Element) = (file, element);

    /// <summary>Path of the matrix in the file.</summary>
    public string Element { get; }

    /// <summary>Observations (cells), as of now.</summary>
    public long ObsCount => _file.Describe(Element).Shape[0];

    /// <summary>Variables (genes), as of now.</summary>
    public long VarCount => _file.Describe(Element).Shape[1];

    /// <summary>Type of the values in the source.</summary>
    public DType Type => _file.Describe(Element).Type!.Value;

    /// <summary>One gene of all cells.</summary>
    /// <param name="gene">Position on the variables' axis.</param>
    /// <param name="cancellation">Looked at between pieces of a scan, and while the element is loaded.</param>
    /// <returns>A new array of <see cref="ObsCount"/> numbers.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such gene.</exception>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> does not fit <see cref="Type"/>.</exception>
    public T[] Gene<T>(long gene, CancellationToken cancellation = default) where T : unmanaged => Genes<T>([gene], cancellation);

    /// <summary>Some genes of all cells.</summary>
    /// <param name="genes">Positions on the variables' axis, in any order, also repeated.</param>
    /// <param name="cancellation">As for <see cref="Gene{T}"/>.</param>
    /// <returns>A new array, genes × <see cref="ObsCount"/>: a gene after the other.</returns>
    public T[] Genes<T>(ReadOnlySpan<long> genes, CancellationToken cancellation = default) where T : unmanaged
    {
        ElementInfo info = _file.Describe(Element);
        T[] result = Numbers.NewArray<T>(Numbers.Wanted<T>(info.Type!.Value), genes.Length, info.Shape[0]);
        ReadGenes<T>(genes, result, cancellation);
        return result;
    }

    /// <summary>Some genes of all cells, into memory of the caller.</summary>
    /// <param name="genes">Positions on the variables' axis, in any order, also repeated.</param>
    /// <param name="destination">Room for genes × <see cref="ObsCount"/> numbers, a gene after the other.</param>
    /// <param name="cancellation">As for <see cref="Gene{T}"/>.</param>
    public void ReadGenes<T>(ReadOnlySpan<long> genes, Span<T> destination, CancellationToken cancellation = default) where T : unmanaged
    {
        ElementInfo info = _file.Describe(Element);
        DType wanted = Numbers.Wanted<T>(info.Type!.Value);
        Numbers.RequireRoom(destination, wanted, genes.Length, info.Shape[0]);
        fixed (T* start = destination) { new GeneReader(_file, info).Read(genes, wanted, (byte*)start, cancellation); }
    }

    /// <summary>The position of a gene by its name.</summary>
    /// <param name="name">Case counts.</param>
    /// <param name="column">Column of <c>var</c> (of <c>raw/var</c> for <c>raw/X</c>) that has the name, such as <c>feature_name</c>; null for the row names.</param>
    /// <param name="cancellation">Looked at while <c>var</c> is loaded.</param>
    /// <returns>Its position on the variables' axis.</returns>
    /// <exception cref="ElementException">No such name (the message has what is near), several genes of that name (it lists them), or no such column.</exception>
    public long FindGene(string name, string? column = null, CancellationToken cancellation = default) => FindGenes([name], column, cancellation)[0];

    /// <summary>The positions of genes by their names.</summary>
    /// <inheritdoc cref="FindGene"/>
    /// <param name="names">Case counts.</param>
    /// <param name="column">As for <see cref="FindGene"/>.</param>
    /// <param name="cancellation">As for <see cref="FindGene"/>.</param>
    public long[] FindGenes(IReadOnlyList<string> names, string? column = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        foreach (string name in names) { ArgumentNullException.ThrowIfNull(name, nameof(names)); }
        string frame = GeneFrame.Of(Element) ?? throw new ElementException(
            CacheError.ElementNotFound, $"The columns of '{Element}' are no genes and have no names: give positions.");
        using NameTable table = NameTable.Open(_file, frame, column, cancellation);
        return [.. names.Select(table.Find)];
    }

    /// <summary>One gene of all cells, by name.</summary>
    /// <inheritdoc cref="FindGene"/>
    /// <returns>A new array of <see cref="ObsCount"/> numbers.</returns>
    public float[] Gene(string name, string? column = null, CancellationToken cancellation = default) =>
        Gene<float>(FindGene(name, column, cancellation), cancellation);

    /// <summary>Some cells of a sparse matrix, with all their genes, as CSR.</summary>
    /// <param name="cells">Positions on the observations' axis, in any order, also repeated.</param>
    /// <param name="cancellation">Looked at between pieces.</param>
    /// <remarks>Of a matrix that no tier has, a few cells are read straight from the file: at most an eighth of its chunks, and 64 MB of them.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">No such cell.</exception>
    /// <exception cref="InvalidOperationException">The matrix is dense: use <see cref="ReadCells"/>.</exception>
    public SparseSlice Cells(ReadOnlySpan<long> cells, CancellationToken cancellation = default) =>
        new CellReader(_file, _file.Describe(Element)).ReadSparse(cells.ToArray(), cancellation);

    /// <summary>Some cells with all their genes, dense, into memory of the caller.</summary>
    /// <param name="cells">Positions on the observations' axis, in any order, also repeated.</param>
    /// <param name="destination">Room for cells × <see cref="VarCount"/> numbers, in C order.</param>
    /// <param name="cancellation">As for <see cref="Cells"/>.</param>
    /// <inheritdoc cref="Cells"/>
    public void ReadCells<T>(ReadOnlySpan<long> cells, Span<T> destination, CancellationToken cancellation = default) where T : unmanaged
    {
        ElementInfo info = _file.Describe(Element);
        DType wanted = Numbers.Wanted<T>(info.Type!.Value);
        Numbers.RequireRoom(destination, wanted, cells.Length, info.Shape[1]);
        fixed (T* start = destination) { new CellReader(_file, info).ReadDense(cells.ToArray(), wanted, (byte*)start, cancellation); }
    }

    /// <summary>Some genes of some cells, dense.</summary>
    /// <returns>A new array, cells × genes in C order.</returns>
    /// <inheritdoc cref="ReadBlock"/>
    public T[] Block<T>(ReadOnlySpan<long> cells, ReadOnlySpan<long> genes, CancellationToken cancellation = default) where T : unmanaged
    {
        T[] result = Numbers.NewArray<T>(Numbers.Wanted<T>(Type), cells.Length, genes.Length);
        ReadBlock<T>(cells, genes, result, cancellation);
        return result;
    }

    /// <summary>Some genes of some cells, dense, into memory of the caller.</summary>
    /// <param name="cells">Positions on the observations' axis, in any order, also repeated.</param>
    /// <param name="genes">Positions on the variables' axis, in any order, also repeated.</param>
    /// <param name="destination">Room for cells × genes numbers, in C order.</param>
    /// <param name="cancellation">As for <see cref="Cells"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such cell or gene.</exception>
    public void ReadBlock<T>(ReadOnlySpan<long> cells, ReadOnlySpan<long> genes, Span<T> destination, CancellationToken cancellation = default)
        where T : unmanaged
    {
        ElementInfo info = _file.Describe(Element);
        DType wanted = Numbers.Wanted<T>(info.Type!.Value);
        Numbers.RequireRoom(destination, wanted, cells.Length, genes.Length);
        fixed (T* start = destination) { new CellReader(_file, info).ReadBlock(cells.ToArray(), genes.ToArray(), wanted, (byte*)start, cancellation); }
    }

    /// <summary>The positions that a mask selects: of cells or of genes.</summary>
    /// <param name="mask">One bool for each position of the axis.</param>
    /// <param name="length">Length of the axis.</param>
    /// <exception cref="ArgumentException">The mask has another length.</exception>
    public static long[] Selected(ReadOnlySpan<bool> mask, long length)
    {
        if (mask.Length != length) { throw new ArgumentException($"The mask has {mask.Length:N0} values; the axis has {length:N0}.", nameof(mask)); }
        List<long> positions = [];
        for (int i = 0; i < mask.Length; i++)
        {
            if (mask[i]) { positions.Add(i); }
        }

        return [.. positions];
    }

    /// <summary>Builds the matrix's twin now, unless a tier has it, so that no gene has to be scanned.</summary>
    /// <param name="cancellation">Honoured between blocks; nothing half done stays.</param>
    /// <returns>
    /// The twin's part, pinned: dispose it. Its types may be narrower than the matrix's (docs/part-format.md). Null for a dense
    /// matrix, which needs none.
    /// </returns>
    /// <exception cref="StoreException">No tier has room for it.</exception>
    public PinnedElement? PinTwin(CancellationToken cancellation = default) => _file.Describe(Element).Kind == ElementKind.Dense
        ? null
        : _file.PinDerived(Element, TwinDraft.Name, (whole, context) => TwinDraft.Of(whole.Part.View, context), cancellation);
}
