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

    /// <summary>Builds the twin now, if no tier has it: <c>load --twin</c>.</summary>
    /// <param name="cancellation">Honoured between blocks; nothing half done stays.</param>
    /// <returns>The twin's part, pinned: dispose it. Null for a dense matrix, which needs none.</returns>
    /// <exception cref="StoreException">No tier has room.</exception>
    internal PinnedElement? PinTwin(CancellationToken cancellation = default) =>
        _file.Describe(Element).Kind == ElementKind.Dense
            ? null
            : _file.PinDerived(Element, TwinDraft.Name, (whole, context) => TwinDraft.Of(whole.Part.View, context), cancellation);
}
