using System.Text.Json;

namespace AnnDataCache.Cli.Output;

/// <summary>The first rows and columns of an element, taken out of the part.</summary>
internal sealed class ElementCorner
{
    private readonly ElementInfo _info;
    private readonly List<string> _headers = [];
    private readonly List<object?[]> _rows = [];
    private long _rowCount, _columnCount;

    private ElementCorner(ElementInfo info) => _info = info;

    internal static ElementCorner Of(PinnedElement pinned, int rows, int columns)
    {
        ElementCorner corner = new(pinned.Info);
        switch (pinned.Info.Kind)
        {
            case ElementKind.Dict or ElementKind.String or ElementKind.Number or ElementKind.Null: corner.TakeTree(pinned.Tree); break;
            case ElementKind.Csr or ElementKind.Csc: corner.TakeSparse(pinned, rows, columns); break;
            default: corner.TakeColumns(pinned, rows, columns); break;
        }

        return corner;
    }

    internal void WriteText(TextWriter writer, string path)
    {
        string shape = _info.Shape.Count == 0 ? "" : $", {Words.Shape(_info.Shape)}";
        writer.WriteLine($"{SafeText.OneLine(path)}: {_info.Kind.Name()}{shape}{(_info.Type is { } type ? $", {type.Name()}" : "")}");
        if (_headers.Count == 0 && _rows.Count == 0) { return; }
        writer.WriteLine();
        TextTable table = new(_headers);
        foreach (object?[] row in _rows)
        {
            string[] cells = [.. row.Select(Words.Value)];
            if (_info.Kind is ElementKind.Dict or ElementKind.String) { table.AddLong(cells); }
            else { table.Add(cells); }
        }

        table.Write(writer);
        long hiddenRows = _rowCount - _rows.Count, hiddenColumns = _columnCount - _headers.Count;
        string[] hidden =
        [
            .. hiddenRows > 0 ? [Words.Count(hiddenRows, "more row")] : (string[])[],
            .. hiddenColumns > 0 ? [Words.Count(hiddenColumns, "more column")] : (string[])[],
        ];
        if (hidden.Length > 0) { writer.WriteLine($"… {string.Join(", ", hidden)}"); }
    }

    internal void WriteJson(Utf8JsonWriter writer, string path)
    {
        writer.WriteStartObject();
        writer.WriteString("element", path);
        writer.WriteString("kind", _info.Kind.Name());
        if (_info.Shape.Count > 0) { writer.WriteShape(_info.Shape); }
        writer.WriteStartArray("columns");
        foreach (string header in _headers) { writer.WriteStringValue(header); }
        writer.WriteEndArray();
        writer.WriteStartArray("rows");
        foreach (object?[] row in _rows)
        {
            writer.WriteStartArray();
            foreach (object? value in row) { writer.WriteValue(value); }
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void TakeTree(ElementInfo tree)
    {
        _headers.AddRange(["name", "kind", "value"]);
        foreach (ElementInfo info in tree.SelfAndDescendants())
        {
            if (info == tree && info.Kind == ElementKind.Dict) { continue; }
            string name = info.Path.Length > tree.Path.Length && info != tree ? info.Path[Math.Min(tree.Path.Length + 1, info.Path.Length)..] : info.Name;
            _rows.Add([tree.Path.Length == 0 ? info.Path : name, info.Kind.Name(), info.Value ?? info.Reason ?? Words.Shape(info.Shape)]);
        }

        (_rowCount, _columnCount) = (_rows.Count, _headers.Count);
    }

    private void TakeColumns(PinnedElement pinned, int rows, int columns)
    {
        List<(PinnedColumn Column, long Item)> shown = [];
        foreach (PinnedColumn column in pinned.Columns)
        {
            _columnCount += column.Width;
            for (long item = 0; item < column.Width && shown.Count < columns; item++)
            {
                shown.Add((column, item));
                bool isArray = pinned.Info.Kind == ElementKind.Dense && pinned.Columns.Count == 1;
                _headers.Add(column.Width == 1 ? column.Name : isArray ? item.ToString(null, null) : $"{column.Name}[{item}]");
            }
        }

        _rowCount = pinned.Columns.Count == 0 ? 0 : pinned.Columns[0].Rows;
        for (long row = 0; row < Math.Min(rows, _rowCount); row++)
        {
            long current = row;
            _rows.Add([.. shown.Select(cell => cell.Column.GetValue(current, cell.Item))]);
        }
    }

    /// <summary>Walks only the shown major rows; stored entries that repeat a position are added up, as scipy does.</summary>
    private void TakeSparse(PinnedElement pinned, int rows, int columns)
    {
        PinnedColumn column = pinned.Columns[0];
        bool isCsr = pinned.Info.Kind == ElementKind.Csr;
        (_rowCount, _columnCount) = (pinned.Info.Shape[0], pinned.Info.Shape[1]);
        int height = (int)Math.Min(rows, _rowCount), width = (int)Math.Min(columns, _columnCount);
        for (int i = 0; i < width; i++) { _headers.Add(i.ToString(null, null)); }
        for (int i = 0; i < height; i++)
        {
            _rows.Add(new object?[width]);
            _rows[i].AsSpan().Fill(0L);
        }

        (int majors, int minors) = isCsr ? (height, width) : (width, height);
        for (int major = 0; major < majors; major++)
        {
            long end = column.Offsets.GetIndex(major + 1);
            for (long entry = column.Offsets.GetIndex(major); entry < end; entry++)
            {
                long minor = column.Indices.GetIndex(entry);
                if (minor >= minors) { continue; }
                object value = column.Values.GetValue(entry);
                ref object? cell = ref (isCsr ? ref _rows[major][minor] : ref _rows[(int)minor][major]);
                cell = cell is 0L ? value : Sum(cell!, value);
            }
        }
    }

    private static object Sum(object first, object second) => (first, second) switch
    {
        (bool a, bool b) => a || b,
        (System.Numerics.Complex a, System.Numerics.Complex b) => a + b,
        (Half a, Half b) => a + b,
        _ => Convert.ToDouble(first, null) + Convert.ToDouble(second, null),
    };
}
