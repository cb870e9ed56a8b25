using AnnDataCache.Loading;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Objects;

/// <summary>Objects that this process keeps mapped, so that a repeated ask costs one <c>stat</c> of the name.</summary>
internal sealed class HeldObjects
{
    private readonly PartStore _store;
    private readonly PinTable _held;

    internal HeldObjects(PartStore store, PinTables pins) => (_store, _held) = (store, pins.Add(store.Objects.IsCurrent));

    /// <summary>Gives up what was overwritten or deleted.</summary>
    internal void DropOutdated() => _held.DropOutdated();

    /// <summary>What the name leads to now, or null.</summary>
    internal PinnedElement? TryPin(string name, PartName part)
    {
        if (_held.TryGet(name) is { } known)
        {
            if (_store.Objects.IsCurrent(known.Pin))
            {
                CacheMetrics.Hits.Add(1);
                return new PinnedElement(known.Info, known.Pin, loaded: false);
            }

            _held.Forget(name, known.Pin);
            known.Pin.Dispose();
        }

        if (_store.Objects.TryPin(part) is not { } pin) { return null; }
        ElementInfo info = Describe(pin.View.Layout);
        _held.Keep(name, info, pin);
        return new PinnedElement(info, pin, loaded: false);
    }

    /// <summary>A layout in the words of an element.</summary>
    internal static ElementInfo Describe(PartLayout layout)
    {
        ColumnLayout? only = layout.Columns.Count == 1 ? layout.Columns[0] : null;
        ElementKind kind = layout.Kind switch
        {
            PartKind.Dense => ElementKind.Dense,
            PartKind.Csr => ElementKind.Csr,
            PartKind.Csc => ElementKind.Csc,
            PartKind.Frame => ElementKind.DataFrame,
            PartKind.Records => ElementKind.RecArray,
            PartKind.Column => KindOf(only!),
            PartKind.Pickle => ElementKind.Pickle,
            _ => ElementKind.Dict,
        };
        return new ElementInfo(layout.Element, kind, layout.Element)
        {
            EncodingType = layout.EncodingType,
            EncodingVersion = layout.EncodingVersion,
            Shape = layout.Kind == PartKind.Column && layout.Shape.Count == 0 ? [only!.Rows] : layout.Shape,
            Type = only?.Kind is ColumnKind.Number or ColumnKind.Bool or ColumnKind.Categorical or ColumnKind.Sparse ? only.Type : null,
            NonZeros = only?.Kind == ColumnKind.Sparse ? only.Values.Length / only.Type.Size() : null,
            Ordered = only?.Ordered ?? false,
            IndexName = layout.IndexName,
            PartPath = layout.Element,
        };
    }

    private static ElementKind KindOf(ColumnLayout column) => column.Kind switch
    {
        ColumnKind.Categorical => ElementKind.Categorical,
        ColumnKind.String => column.Validity.Length > 0 ? ElementKind.NullableStringArray : ElementKind.StringArray,
        ColumnKind.Bool when column.Validity.Length > 0 => ElementKind.NullableBoolean,
        ColumnKind.Number when column.Validity.Length > 0 => ElementKind.NullableInteger,
        ColumnKind.List => ElementKind.AwkwardArray,
        _ => ElementKind.Dense,
    };
}
