using System.Diagnostics;
using AnnDataCache.Loading;

namespace AnnDataCache;

public sealed partial class CachedAnnData
{
    /// <summary>Brings elements into the store, so that every process finds them. Small ones are decoded beside large ones.</summary>
    /// <param name="elements">Paths, as <see cref="Pin(string, IProgress{LoadProgress}?, CancellationToken)"/> takes them; null for all.</param>
    /// <param name="told">
    /// Called on this thread with each element in turn, as soon as it and those before it are there. What it throws ends the call; elements
    /// that were not begun are then left out.
    /// </param>
    /// <param name="progress">Told how far large elements are, from several threads.</param>
    /// <param name="cancellation">Honoured between chunks; a half-built part is deleted, and what is there already stays.</param>
    /// <exception cref="SourceException">The file is gone, unreadable, or keeps changing.</exception>
    /// <exception cref="StoreException">No tier has room for one of them.</exception>
    public void Load(
        IReadOnlyList<string>? elements = null, Action<LoadedElement>? told = null, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        new LoadLanes(PartsOf(Current(cancellation).Tree, elements), LoadOne, cancellation).Run(progress, told);
    }

    /// <summary>Elements with about as many bytes as the parts have that hold them: a column has its dataframe's.</summary>
    internal static IReadOnlyList<(string Path, double Bytes)> PartsOf(ElementInfo tree, IReadOnlyList<string>? elements)
    {
        return elements is null
            ? [.. tree.Parts().Select(part => (part.Path, part.EstimateBytes()))]
            : [.. elements.Select(element => (element, BytesOf(element)))];

        double BytesOf(string element)
        {
            ArgumentNullException.ThrowIfNull(element, nameof(elements));
            return Find(tree, element) is { } info ? (tree.Find(info.PartPath) ?? info).EstimateBytes() : 0;
        }
    }

    private LoadedElement LoadOne(string element, LoadRequest request)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            using PinnedElement pinned = PinCurrent(element, request);
            return new LoadedElement(element, pinned, Stopwatch.GetElapsedTime(start));
        }
        catch (ElementException failure)
        {
            return LoadedElement.Failed(element, failure, Stopwatch.GetElapsedTime(start));
        }
    }
}

/// <summary>What came of one element that was to be loaded: its part, or why there is none. It is not pinned. Immutable.</summary>
public sealed record LoadedElement
{
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>What is known of an element that is pinned.</summary>
    /// <param name="element">Path, as it was asked for.</param>
    /// <param name="pinned">The element.</param>
    /// <param name="elapsed">Time from the ask to the part.</param>
    public LoadedElement(string element, PinnedElement pinned, TimeSpan elapsed)
        : this(element, elapsed)
    {
        ArgumentNullException.ThrowIfNull(pinned);
        (Kind, Loaded, Tier, Bytes) = (pinned.Info.Kind, pinned.Loaded, pinned.Tier, pinned.Bytes);
        (PartFile, RefusedColumns) = (pinned.PartFile, pinned.RefusedColumns);
    }

    private LoadedElement(string element, TimeSpan elapsed) => (Element, Elapsed) = (element, elapsed);

    /// <summary>Path of the element, as it was asked for.</summary>
    public string Element { get; }

    /// <summary>Why it could not be loaded; null when it was. The properties below then say nothing.</summary>
    public ElementException? Failure { get; private init; }

    /// <summary>What the element is.</summary>
    public ElementKind Kind { get; } = ElementKind.Refused;

    /// <summary>True when this call decoded it from the source, false when a tier had it.</summary>
    public bool Loaded { get; }

    /// <summary><c>hot</c> or <c>cold</c>: where the part lies.</summary>
    public string Tier { get; } = "";

    /// <summary>Bytes of the part.</summary>
    public long Bytes { get; }

    /// <summary>Absolute path of the part, an Arrow IPC file. Since it is not pinned, others may evict it.</summary>
    public string PartFile { get; } = "";

    /// <summary>Time from the ask to the part.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>Columns of a dataframe that could not be read, with their reasons.</summary>
    public IReadOnlyDictionary<string, string> RefusedColumns { get; } = s_none;

    internal static LoadedElement Failed(string element, ElementException failure, TimeSpan elapsed) =>
        new(element, elapsed) { Failure = failure };
}
