using System.Diagnostics;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Loading;

/// <summary>Makes the part of a CSV file, or finds it: a source as any, with one element (L1, L2).</summary>
internal sealed class CsvLoader(PartStore store, ColdWriter coldWriter)
{
    /// <summary>The only element of a CSV file.</summary>
    internal const string Element = "csv";

    private const int MaxAttempts = 4;

    private readonly PartBuilder _builder = new(store, coldWriter);

    /// <summary>True for the layout of a part that this made: a dataframe of a .h5ad file says that it is one.</summary>
    internal static bool IsCsv(PartLayout layout) => layout is { Element: Element, Kind: PartKind.Frame, EncodingType: null };

    /// <exception cref="SourceException">No such file, or it is no table, or it keeps changing.</exception>
    /// <exception cref="StoreException">No tier has room.</exception>
    internal PartPin Pin(string path, CancellationToken cancellation, out bool loaded)
    {
        for (int attempt = 1; ; attempt++)
        {
            using AnnDataSource source = AnnDataSource.Find(path, everyFile: false);
            try
            {
                return PinOrLoad(source, cancellation, out loaded);
            }
            catch (SourceChangedException) when (attempt < MaxAttempts)
            {
                // the next round looks at it again, under whose name nothing is stale
            }
            catch (SourceChangedException changed)
            {
                throw new SourceException(CacheError.SourceChanged, $"{changed.Message} It was tried {MaxAttempts} times; ask again when it is written.", changed);
            }
            catch (Exception failed) when (failed is SourceReadException or EndOfStreamException)
            {
                throw new SourceException(CacheError.SourceUnreadable, failed.Message, failed);
            }
            catch (PosixException failed)
            {
                throw StoreFault.Explain(failed);
            }
        }
    }

    private PartPin PinOrLoad(AnnDataSource source, CancellationToken cancellation, out bool loaded)
    {
        loaded = false;
        PartName name = store.NameOf(source.Path, Element, source.Stat);
        if (store.TryPin(name) is { } hit) { return hit; }
        using LoadTicket ticket = store.EnterLoad(name, cancellation);
        if (ticket.Published is { } published) { return published; }
        long start = Stopwatch.GetTimestamp();
        ReadContext context = new(1, cancellation);
        loaded = true;
        return Decode(source, context, (draft, isUnchanged) => _builder.Build(name, draft, source, null, context, default, start, isUnchanged));
    }

    /// <summary>Drafts a CSV file's part and has the draft used.</summary>
    /// <param name="source">The version of the file.</param>
    /// <param name="context">Cancellation.</param>
    /// <param name="use">Fills the draft into something; told whether the file is still what was looked at.</param>
    /// <exception cref="SourceChangedException">It is not that version.</exception>
    /// <exception cref="SourceException">It is no table.</exception>
    internal static T Decode<T>(AnnDataSource source, ReadContext context, Func<PartDraft, Func<bool>, T> use)
    {
        source.LetSettle();
        using SourceFile file = SourceFile.Open(source.Path);
        if (!file.Stat.SameVersion(source.Stat)) { throw new SourceChangedException(source.Path); }
        try
        {
            return use(CsvDraft.Of(file, source.Path, context.Cancellation), file.IsUnchanged);
        }
        catch (Exception wrong) when (wrong is CsvException or SourceRewrittenException or OverflowException)
        {
            if (!file.IsUnchanged() || wrong is SourceRewrittenException) { throw new SourceChangedException(source.Path); }
            throw new SourceException(CacheError.SourceUnreadable, $"'{source.Path}' cannot be read as CSV: {wrong.Message}.", wrong);
        }
    }
}
