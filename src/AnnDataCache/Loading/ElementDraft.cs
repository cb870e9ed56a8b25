using System.Runtime.ExceptionServices;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>An element as a part that is not yet written: the layout with all lengths, and who fills each column.</summary>
/// <remarks>
/// Lengths of numbers follow from the source's metadata. Strings are looked at once before, to learn their bytes and whether
/// few values repeat; nothing else of the source is read here.
/// </remarks>
internal sealed class ElementDraft : PartDraft
{
    /// <summary>What may be kept of the first look at all string columns.</summary>
    private const long KeptBytes = 8 << 20;

    private readonly IReadOnlyList<ColumnFiller> _fillers;
    private readonly bool _isFrame;

    private ElementDraft(PartLayout layout, IReadOnlyList<ColumnFiller> fillers, bool isFrame) =>
        (Layout, _fillers, _isFrame) = (layout, fillers, isFrame);

    internal override PartLayout Layout { get; }

    /// <exception cref="ContainerException">The content cannot be a part.</exception>
    /// <exception cref="ColumnException">One column of a dataframe cannot be read; the others may be.</exception>
    internal static ElementDraft Of(
        ElementContent content, string source, IReadOnlyDictionary<string, string> refused, ReadContext context, bool trustLengths)
    {
        StringRules rules = new(trustLengths, new ByteBudget(KeptBytes), context.Workers);
        return content switch
        {
            DenseContent dense => OfDense(dense, source),
            SparseContent sparse => OfSparse(sparse, source),
            SingleContent single => OfSingle(single, source, context, rules),
            FrameContent frame => OfFrame(frame, source, refused, context, rules),
            RecordsContent records => OfRecords(records, source, refused, context, rules),
            TreeContent tree => OfJson(tree.Info, TreeJson.Write(tree.Info), source),
            _ => throw new ArgumentException($"No part is made of {content.GetType().Name}.", nameof(content)),
        };
    }

    /// <exception cref="ShortStringsException">Lengths were trusted and were not those of the strings.</exception>
    internal override void Fill(ByteTarget target, ReadContext context)
    {
        // Columns that are one piece first: the small ones then even out.
        List<Share> shares = [.. _fillers
            .SelectMany(filler => Enumerable.Range(0, filler.Pieces).Select(piece => new Share(filler, piece)))
            .OrderBy(share => share.Filler.Pieces > 1)];
        if (shares.Count == 1 && !_isFrame)
        {
            shares[0].Filler.Fill(target, context);
            return;
        }

        ReadContext single = context with { Workers = 1 };
        try
        {
            ForEachColumn(shares, context, share => share.Filler.FillPiece(share.Piece, target, single));
        }
        catch (ColumnException column) when (!_isFrame)
        {
            ExceptionDispatchInfo.Throw(column.InnerException!);
        }
    }

    /// <summary>Does a job for every column on the workers; the first failure is thrown as it is, and names its column.</summary>
    private static void ForEachColumn<T>(IReadOnlyList<T> columns, ReadContext context, Action<T> job) where T : INamedColumn =>
        WorkCrew.Run(columns.Count, context, () => new ColumnWorker<T>(columns, job));

    private static ElementDraft OfDense(DenseContent dense, string source)
    {
        IReadOnlyList<long> shape = dense.Info.Shape;
        long rows = shape[0];
        long width = 1;
        for (int axis = 1; axis < shape.Count; axis++) { width = checked(width * shape[axis]); }
        NumberFiller filler = new(dense.Info, dense.Values, rows, width);
        return new ElementDraft(Describe(dense.Info, source, PartKind.Dense, [filler]), [filler], isFrame: false);
    }

    private static ElementDraft OfSparse(SparseContent sparse, string source)
    {
        SparseFiller filler = new(sparse);
        PartKind kind = sparse.Info.Kind == ElementKind.Csr ? PartKind.Csr : PartKind.Csc;
        return new ElementDraft(Describe(sparse.Info, source, kind, [filler]), [filler], isFrame: false);
    }

    private static ElementDraft OfSingle(SingleContent single, string source, ReadContext context, StringRules rules)
    {
        ColumnFiller filler = ColumnFiller.Of(single.Column, single.Column.Rows, isIndex: false, context, rules);
        return new ElementDraft(Describe(single.Info, source, PartKind.Column, [filler]), [filler], isFrame: false);
    }

    private static ElementDraft OfJson(ElementInfo info, byte[] json, string source)
    {
        JsonFiller filler = new(json);
        return new ElementDraft(Describe(info, source, PartKind.Json, [filler]), [filler], isFrame: false);
    }

    private static ElementDraft OfFrame(
        FrameContent frame, string source, IReadOnlyDictionary<string, string> failed, ReadContext context, StringRules rules)
    {
        List<RefusedColumn> refused = RefusedOf(frame.Info, failed);
        long rows = frame.Columns.Count > 0 ? RowsOf(frame.Columns[0]) : 0;
        List<FrameColumn> columns = [];
        foreach (ColumnContent column in frame.Columns)
        {
            if (RowsOf(column) == rows) { columns.Add(new FrameColumn(column, columns.Count)); continue; }
            refused.Add(new RefusedColumn(column.Info.Name, $"has {RowsOf(column):N0} rows where the dataframe has {rows:N0}"));
        }

        ColumnFiller[] fillers = FillersOf(columns, rows, frame.Info.IndexName, context, rules);
        PartLayout layout = Describe(frame.Info, source, PartKind.Frame, fillers, [rows, frame.Info.Shape[1]], refused);
        return new ElementDraft(layout, fillers, isFrame: true);
    }

    private static ElementDraft OfRecords(
        RecordsContent records, string source, IReadOnlyDictionary<string, string> failed, ReadContext context, StringRules rules)
    {
        long rows = records.Info.Shape.Aggregate(1L, (product, length) => checked(product * length));
        ColumnFiller[] fillers = FillersOf([.. records.Fields.Select((field, i) => new FrameColumn(field, i))], rows, null, context, rules);
        PartLayout layout = Describe(records.Info, source, PartKind.Records, fillers, refused: RefusedOf(records.Info, failed));
        return new ElementDraft(layout, fillers, isFrame: true);
    }

    private static ColumnFiller[] FillersOf(
        IReadOnlyList<FrameColumn> columns, long rows, string? indexName, ReadContext context, StringRules rules)
    {
        ColumnFiller[] fillers = new ColumnFiller[columns.Count];
        ForEachColumn(columns, context, column => fillers[column.Position] =
            ColumnFiller.Of(column.Content, rows, column.Name == indexName, context with { Workers = 1 }, rules));
        return fillers;
    }

    private static List<RefusedColumn> RefusedOf(ElementInfo info, IReadOnlyDictionary<string, string> failed)
    {
        List<RefusedColumn> refused = [];
        foreach (ElementInfo child in info.Children)
        {
            string? reason = failed.GetValueOrDefault(child.Name) ?? child.Reason;
            if (reason is not null) { refused.Add(new RefusedColumn(child.Name, reason)); }
        }

        return refused;
    }

    private static long RowsOf(ColumnContent column) => column.Info.Shape.Count > 0 ? column.Info.Shape[0] : 1;

    private static PartLayout Describe(
        ElementInfo info, string source, PartKind kind, IReadOnlyList<ColumnFiller> fillers,
        IReadOnlyList<long>? shape = null, IReadOnlyList<RefusedColumn>? refused = null) => new()
    {
        Kind = kind,
        Element = info.Path,
        Source = source,
        EncodingType = info.EncodingType,
        EncodingVersion = info.EncodingVersion,
        Shape = shape ?? info.Shape,
        Columns = [.. fillers.Select(filler => filler.Layout)],
        IndexName = info.IndexName,
        Refused = refused ?? [],
    };

    /// <summary>One piece of one column.</summary>
    private sealed record Share(ColumnFiller Filler, int Piece) : INamedColumn
    {
        public string Name => Filler.Name;
    }

    private sealed class ColumnWorker<T>(IReadOnlyList<T> columns, Action<T> job) : Worker where T : INamedColumn
    {
        internal override void Do(long item)
        {
            T column = columns[(int)item];
            try
            {
                job(column);
            }
            catch (Exception damage) when (ContainerException.IsDamage(damage))
            {
                throw new ColumnException(column.Name, damage);
            }
        }

        public override void Dispose()
        {
        }
    }

    private sealed record FrameColumn(ColumnContent Content, int Position) : INamedColumn
    {
        public string Name => Content.Info.Name;
    }
}

/// <summary>Something that is done for one column, so that a failure can name it.</summary>
internal interface INamedColumn
{
    string Name { get; }
}

/// <summary>One column of a dataframe cannot be read; a part without it can be made.</summary>
internal sealed class ColumnException(string column, Exception damage) : Exception(damage.Message, damage)
{
    internal string Column { get; } = column;
}
