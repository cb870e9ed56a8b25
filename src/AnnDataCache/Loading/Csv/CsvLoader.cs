using System.Diagnostics;
using System.Text;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Loading;

/// <summary>Makes the part of a CSV file, or finds it: a source as any, with one element (L1, L2).</summary>
internal sealed class CsvLoader(PartStore store, ColdWriter coldWriter)
{
    /// <summary>The only element of a CSV file.</summary>
    internal const string Element = "csv";

    /// <summary>The column of row names, where the records have one field more than the header.</summary>
    private const string UnnamedIndex = "_index";

    private const int MaxColumns = 100_000, MaxAttempts = 4, BlockValues = 1 << 22;

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
        source.LetSettle();
        using SourceFile file = SourceFile.Open(source.Path);
        if (!file.Stat.SameVersion(source.Stat)) { throw new SourceChangedException(source.Path); }
        try
        {
            loaded = true;
            return Build(file, source, name, start, cancellation);
        }
        catch (Exception wrong) when (wrong is CsvException or SourceRewrittenException or OverflowException)
        {
            if (!file.IsUnchanged() || wrong is SourceRewrittenException) { throw new SourceChangedException(source.Path); }
            throw new SourceException(CacheError.SourceUnreadable, $"'{source.Path}' cannot be read as CSV: {wrong.Message}.", wrong);
        }
    }

    private PartPin Build(SourceFile file, AnnDataSource source, PartName name, long start, CancellationToken cancellation)
    {
        List<CsvColumn> columns = Look(file, out bool hasIndex, cancellation);
        PartLayout layout = new()
        {
            Kind = PartKind.Frame, Element = Element, Source = source.Path, IndexName = hasIndex ? UnnamedIndex : null,
            Shape = [columns.Count > 0 ? columns[0].Layout.Rows : 0, columns.Count - (hasIndex ? 1 : 0)], Columns = [.. columns.Select(column => column.Layout)],
        };
        PartPlan plan = PartPlan.Create(layout);
        using PartReservation reservation = store.Reserve(name, plan.FileLength, source.Stat);
        Fill(file, columns, reservation.Target, cancellation);
        CrashPoint.Reach("filled");
        plan.WriteFraming(reservation.Target);
        CrashPoint.Reach("framed");
        if (!file.IsUnchanged()) { throw new SourceChangedException(source.Path); } // L1
        reservation.Cost = Stopwatch.GetElapsedTime(start).TotalSeconds;
        PartPin pin = reservation.Seal();
        CacheMetrics.Loads.Add(1);
        CacheMetrics.LoadedBytes.Add(plan.FileLength);
        if (pin.Tier == TierKind.Hot) { coldWriter.Add(pin); }
        return pin;
    }

    private static List<CsvColumn> Look(SourceFile file, out bool hasIndex, CancellationToken cancellation)
    {
        CsvRecords records = new(file);
        if (records.IsCompressed) { throw new CsvException(1, "is that of a compressed file: decompress it"); }
        if (!records.Read()) { throw new CsvException(1, "is missing: the file is empty"); }
        List<CsvColumn> columns = [.. NamesOf(records).Select(name => new CsvColumn(name))];
        int names = columns.Count;
        hasIndex = false;
        while (records.Read())
        {
            if ((records.Number & 0xFFF) == 0) { cancellation.ThrowIfCancellationRequested(); }
            if (records.Number == 2 && records.Count == names + 1)
            {
                columns.Insert(0, new CsvColumn(UnnamedIndex));
                hasIndex = true;
            }

            if (records.Count > columns.Count) { throw new CsvException(records.Number, $"has {records.Count:N0} fields where {columns.Count:N0} are expected"); }
            for (int i = 0; i < columns.Count; i++) { columns[i].Look(i < records.Count ? records[i] : []); }
        }

        int block = Math.Clamp(BlockValues / Math.Max(columns.Count, 1), 64, 1 << 16) / 64 * 64;
        foreach (CsvColumn column in columns) { column.Decide(block); }
        return columns;
    }

    private static void Fill(SourceFile file, List<CsvColumn> columns, ByteTarget target, CancellationToken cancellation)
    {
        CsvRecords records = new(file);
        records.Read(); // the header
        while (records.Read())
        {
            if ((records.Number & 0xFFF) == 0) { cancellation.ThrowIfCancellationRequested(); }
            for (int i = 0; i < columns.Count; i++) { columns[i].Add(i < records.Count ? records[i] : [], target); }
        }

        foreach (CsvColumn column in columns) { column.Finish(target); }
    }

    /// <summary>Names as pandas gives them: those without one are numbered, those that repeat get a number behind them.</summary>
    private static List<string> NamesOf(CsvRecords header)
    {
        if (header.Count > MaxColumns) { throw new CsvException(1, $"has {header.Count:N0} fields; up to {MaxColumns:N0} columns are read"); }
        List<string> names = [];
        UTF8Encoding strict = new(false, throwOnInvalidBytes: true);
        for (int i = 0; i < header.Count; i++)
        {
            try
            {
                names.Add(header[i].IsEmpty ? $"Unnamed: {i}" : strict.GetString(header[i]));
            }
            catch (DecoderFallbackException)
            {
                throw new CsvException(1, "is not UTF-8");
            }
        }

        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        HashSet<string> all = [.. names];
        for (int i = 0; i < names.Count; i++)
        {
            string name = names[i];
            for (int count = counts.GetValueOrDefault(name); count > 0;)
            {
                counts[names[i]] = count + 1;
                name = $"{names[i]}.{count}";
                count = all.Contains(name) ? count + 1 : counts.GetValueOrDefault(name);
            }

            counts[name] = counts.GetValueOrDefault(name) + 1;
            names[i] = name;
        }

        return names;
    }
}
