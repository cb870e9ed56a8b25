using AnnDataCache.Containers;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Loading;

/// <summary>Says how a derived part differs from what its element's part makes it, or null.</summary>
internal delegate string? DerivedCheck(PartPin derived, PinnedElement whole, ReadContext context);

/// <summary>Makes every part once more, and compares: bytes that somebody has forged, or memory has changed, are found whatever their structure.</summary>
/// <remarks>
/// A load hashes nothing, so that it costs what decoding costs; what it was decoded from is the better witness. Parts of a
/// version that is not there any more are passed over: their names hold it, so nobody can ask for them. Nothing is stored, and
/// the memory is that of a load without its part.
/// </remarks>
internal sealed class SourceAudit(PartStore store, CacheOptions options, DerivedCheck derivedCheck)
{
    private readonly List<Finding> _findings = [];
    private readonly HashSet<PartName> _compared = []; // the two rules give a small folder one name

    /// <param name="except">Paths of parts of which something is known already.</param>
    /// <param name="cancellation">Honoured between chunks.</param>
    internal IReadOnlyList<Finding> Run(IReadOnlySet<string> except, CancellationToken cancellation)
    {
        ReadContext context = new(options.Workers, cancellation);
        foreach (IGrouping<string, PartName> parts in store.PartsBySource())
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (bool everyFile in new[] { false, true }) // the rules by which a folder is known
            {
                try
                {
                    using AnnDataSource source = AnnDataSource.Find(parts.Key, everyFile);
                    Compare(source, parts, except, context);
                }
                catch (SourceException)
                {
                    // it is gone, or not for this user: then its parts are not for this user either
                }
                catch (SourceChangedException)
                {
                    // nobody asks for parts of that version any more
                }
            }
        }

        return _findings;
    }

    private void Compare(AnnDataSource source, IEnumerable<PartName> names, IReadOnlySet<string> except, ReadContext context)
    {
        using WitnessSource witness = new(source, context);
        foreach (PartName name in names)
        {
            using PartPin? part = store.TryInspect(name);
            if (part is null || except.Contains(part.Path) || NameOf(source, part.View.Layout, part.View.Layout.Derived) != name || !_compared.Add(name)) { continue; }
            string? fact;
            string what = part.View.Layout.Element is { Length: > 0 } element ? $"'{element}' of '{source.Path}'" : $"The tree of '{source.Path}'";
            string meaning = $"{what} is served, and is wrong.";
            try
            {
                fact = part.View.Layout.Derived is null ? witness.FindDifference(part.View) : FindDerived(witness, part, context);
            }
            catch (CacheException unreadable)
            {
                (fact, meaning) = ($"what it was made of cannot be read any more: {unreadable.Message}", $"Nobody can say whether {what} is right.");
            }

            if (fact is null || !source.IsCurrent()) { continue; }
            _findings.Add(new Finding(Severity.Problem, part.Path, fact, meaning, "Remove it; it is made again when it is asked for."));
        }
    }

    private PartName NameOf(AnnDataSource source, PartLayout layout, string? derived) => store.NameOf(source.Path, layout.Element, source.Stat, derived);

    /// <summary>Without its element's part there is nothing to compare a derived one with: it is the next to be evicted.</summary>
    private string? FindDerived(WitnessSource witness, PartPin part, ReadContext context)
    {
        using PartPin? whole = store.TryInspect(NameOf(witness.Source, part.View.Layout, null));
        if (whole is null || witness.Find(part.View.Layout.Element) is not { } element) { return null; }
        using PinnedElement pinned = new(element, whole.Retain(), loaded: false);
        return derivedCheck(part, pinned, context);
    }

    /// <summary>A source that is opened once, when the first of its parts is compared.</summary>
    private sealed class WitnessSource(AnnDataSource source, ReadContext context) : IDisposable
    {
        private AnnDataSource.Rented? _rented;
        private ElementInfo? _tree;

        internal AnnDataSource Source => source;

        private ElementDecoder Decoder
        {
            get
            {
                _rented ??= source.Rent();
                return field ??= new ElementDecoder(source, _rented.Value.Container, context);
            }
        }

        internal ElementInfo? Find(string element) => (_tree ??= Decoder.DescribeAll()).Find(element);

        internal string? FindDifference(PartView part)
        {
            if (CsvLoader.IsCsv(part.Layout)) { return CsvLoader.Decode(source, context, (draft, _) => ComparingTarget.FindDifference(part, draft, context)); }
            bool isTree = part.Layout.Element == ElementDecoder.TreePath;
            ElementInfo? element = isTree ? null : Find(part.Layout.Element);
            return isTree || element is not null
                ? Decoder.Decode(element, draft => ComparingTarget.FindDifference(part, draft, context), refused: null)
                : $"its source has no element '{part.Layout.Element}'";
        }

        public void Dispose() => _rented?.Dispose();
    }
}
