using System.Text;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>A CSV file as a part that is not yet written: a first look at all records has decided every column's type and length.</summary>
internal sealed class CsvDraft : PartDraft
{
    /// <summary>The column of row names, where the records have one field more than the header.</summary>
    private const string UnnamedIndex = "_index";

    private const int MaxColumns = 100_000, BlockValues = 1 << 22;

    private readonly SourceFile _file;
    private readonly List<CsvColumn> _columns;

    private CsvDraft(SourceFile file, string source, List<CsvColumn> columns, bool hasIndex)
    {
        (_file, _columns) = (file, columns);
        Layout = new PartLayout
        {
            Kind = PartKind.Frame, Element = CsvLoader.Element, Source = source, IndexName = hasIndex ? UnnamedIndex : null,
            Shape = [columns.Count > 0 ? columns[0].Layout.Rows : 0, columns.Count - (hasIndex ? 1 : 0)], Columns = [.. columns.Select(column => column.Layout)],
        };
    }

    internal override PartLayout Layout { get; }

    /// <summary>Looks at all records; the file stays open for as long as the draft is used.</summary>
    /// <exception cref="CsvException">It is no table.</exception>
    internal static CsvDraft Of(SourceFile file, string source, CancellationToken cancellation)
    {
        List<CsvColumn> columns = Look(file, out bool hasIndex, cancellation);
        return new CsvDraft(file, source, columns, hasIndex);
    }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        foreach (CsvColumn column in _columns) { column.Start(); }
        CsvRecords records = new(_file);
        records.Read(); // the header
        while (records.Read())
        {
            if ((records.Number & 0xFFF) == 0) { context.Cancellation.ThrowIfCancellationRequested(); }
            for (int i = 0; i < _columns.Count; i++) { _columns[i].Add(i < records.Count ? records[i] : [], target); }
        }

        foreach (CsvColumn column in _columns) { column.Finish(target); }
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
