using System.Text;
using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli.Checksum;

// What a file holds, read back from the sealed parts: one JSON object with a member for each element, made so that two
// files, or a file and another reader of it, can be compared element by element.
//
//   numbers    SHA-256 of the little-endian bytes in C order, each in its stored type; bools are one byte
//   strings    SHA-256 of each string's UTF-8 bytes followed by one zero byte; a scalar string without that byte
//   sparse     data, indices and indptr apart, in their stored types and order; the last two also as int64
//   codes      as int32, -1 where a value is missing
//   nullable   values as stored, values with zero or the empty string where they are missing, and the mask
//
// Memory stays bounded: an element at a time, and of it a block at a time.

/// <summary>Describes all elements of a file by their contents.</summary>
internal sealed class FileDescription(Utf8JsonWriter writer, CachedAnnData source, CancellationToken cancellation)
{
    private readonly ColumnDescription _columns = new(writer, cancellation);
    private readonly Dictionary<string, ElementInfo> _scalars = new(StringComparer.Ordinal);

    internal void Write()
    {
        writer.WriteStartObject();
        writer.WriteStartObject("elements");
        foreach (ElementInfo child in source.Tree.Children) { WriteBelow(child); }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The elements of the tree are at most 64 levels deep, so that recursion is bounded.</summary>
    private void WriteBelow(ElementInfo info)
    {
        cancellation.ThrowIfCancellationRequested();
        switch (info.Kind)
        {
            case ElementKind.Dict:
                if (info.Path.Length > 0 && !IsModality(info.Path)) { WriteDict(info); }
                foreach (ElementInfo child in info.Children) { WriteBelow(child); }
                break;
            case ElementKind.DataFrame or ElementKind.RecArray: WriteColumns(info); break;
            case ElementKind.AwkwardArray: WriteAwkward(info); break;
            case ElementKind.Refused: WriteRefused(info, info.Reason!); break;
            default: WriteLeaf(info); break;
        }
    }

    private void WriteDict(ElementInfo info)
    {
        string parent = info.Path[..Math.Max(info.Path.LastIndexOf('/'), 0)];
        bool isRaw = info.EncodingType == "raw" || (info.Name == "raw" && (parent.Length == 0 || IsModality(parent)));
        bool isMuData = info.Path == "mod";
        Start(info);
        bool isRecords = info.Storage is not null; // a dict that is stored as one array of records
        writer.WriteString("kind", isMuData ? "mudata" : isRaw ? "raw" : isRecords ? "legacy-obsm-structured" : "dict");
        IEnumerable<string> names = info.Children.Select(child => child.Name);
        WriteNames(isMuData ? "modalities" : isRecords ? "fields" : "keys", isRecords ? names : names.Order(Utf8Order.Instance));
        writer.WriteEndObject();
    }

    private void WriteNames(string member, IEnumerable<string> names)
    {
        writer.WriteStartArray(member);
        foreach (string name in names) { writer.WriteStringValue(name); }
        writer.WriteEndArray();
    }

    /// <summary>A modality is a file of its own: its members are described, and 'mod' names it.</summary>
    private static bool IsModality(string path) => path.StartsWith("mod/", StringComparison.Ordinal) && path.IndexOf('/', 4) < 0;

    /// <summary>A form and its buffers; each buffer is an element of its own.</summary>
    private void WriteAwkward(ElementInfo info)
    {
        Start(info);
        writer.WriteString("kind", info.Kind.Name());
        writer.WriteShape(info.Shape);
        writer.WriteString("form", (string)info.Value!);
        WriteNames("keys", info.Children.Select(child => child.Name).Order(Utf8Order.Instance));
        writer.WriteEndObject();
        foreach (ElementInfo buffer in info.Children) { WriteBelow(buffer); }
    }

    private void WriteColumns(ElementInfo info)
    {
        PinnedElement pinned;
        try
        {
            pinned = source.Pin(info.Path, null, cancellation);
        }
        catch (ElementException refused)
        {
            WriteRefused(info, refused.Message);
            return;
        }

        using (pinned)
        {
            Start(info);
            writer.WriteString("kind", info.Kind.Name());
            if (info.Kind == ElementKind.DataFrame)
            {
                writer.WriteString("index_key", info.IndexName);
                bool isRecords = info.Storage is not null; // whose fields have no other order than their own
                IEnumerable<string> names = info.Children.Select(child => child.Name);
                WriteNames(isRecords ? "fields" : "column_order", isRecords ? names : names.Where(name => name != info.IndexName));
                writer.WriteNumber("n_rows", info.Shape[0]);
            }
            else
            {
                WriteNames("fields", info.Children.Select(child => child.Name));
                writer.WriteShape(info.Shape);
            }

            writer.WriteEndObject();
            IReadOnlyDictionary<string, string> refused = pinned.RefusedColumns;
            foreach (ElementInfo column in info.Children)
            {
                if (refused.TryGetValue(column.Name, out string? reason)) { WriteRefused(column, reason); }
                else { WriteColumn(column, pinned.Column(column.Name), column.Name == info.IndexName); }
            }
        }
    }

    private void WriteColumn(ElementInfo info, PinnedColumn column, bool isIndex)
    {
        Start(info);
        _columns.Write(column, info.Kind, info.Shape);
        if (isIndex) { writer.WriteBoolean("is_index", true); }
        if (info.NaValue is not null) { writer.WriteString("na_value", info.NaValue); }
        writer.WriteEndObject();
    }

    private void WriteLeaf(ElementInfo info)
    {
        PinnedElement? pinned = null;
        try
        {
            if (info.Kind is ElementKind.String or ElementKind.Number or ElementKind.Null)
            {
                WriteScalar(info);
                return;
            }

            pinned = source.Pin(info.Path, null, cancellation);
        }
        catch (ElementException refused)
        {
            WriteRefused(info, refused.Message);
            return;
        }

        using (pinned)
        {
            if (info.Kind is ElementKind.Csr or ElementKind.Csc) { WriteSparse(info, pinned.Columns[0]); }
            else { WriteColumn(info, pinned.Columns[0], isIndex: false); }
        }
    }

    private void WriteSparse(ElementInfo info, PinnedColumn column)
    {
        // a matrix without entries has no buffer of indices to ask; their type is that of the offsets
        DType indices = column.StoredType("indices") ?? column.Offsets.Type, indptr = column.StoredType("indptr") ?? column.Offsets.Type;
        Start(info);
        writer.WriteString("kind", info.Kind.Name());
        writer.WriteShape(info.Shape);
        writer.WriteNumber("nnz_stored", column.Values.Count);
        writer.WriteString("data_dtype", column.Type.Name());
        writer.WriteString("indices_dtype", indices.Name());
        writer.WriteString("indptr_dtype", indptr.Name());
        writer.WriteString("data_sha256", ContentHash.Of(column.Values, cancellation));
        writer.WriteString("indices_sha256", ContentHash.OfIntegers(column.Indices, indices, cancellation));
        writer.WriteString("indptr_sha256", ContentHash.OfIntegers(column.Offsets, indptr, cancellation));
        writer.WriteString("indices_sha256_i8", ContentHash.OfIntegers(column.Indices, DType.Int64, cancellation));
        writer.WriteString("indptr_sha256_i8", ContentHash.OfIntegers(column.Offsets, DType.Int64, cancellation));
        NumberSummary.Of(column.Values, cancellation)?.Write(writer);
        writer.WriteEndObject();
    }

    private void WriteScalar(ElementInfo info)
    {
        object? value = Scalars(info).Find(info.Path)?.Value;
        Start(info);
        switch (value)
        {
            case null: writer.WriteString("kind", "null"); break;
            case string text:
                writer.WriteString("kind", "scalar-string");
                writer.WriteString("value", text);
                writer.WriteString("sha256", ContentHash.Of(text));
                break;
            case byte[] bytes: // a string that is not UTF-8
                writer.WriteString("kind", "scalar-string");
                writer.WriteString("value", Encoding.UTF8.GetString(bytes));
                writer.WriteString("sha256", ContentHash.Of(bytes));
                break;
            default:
                writer.WriteString("kind", value is bool ? "scalar-bool" : "scalar-number");
                writer.WriteString("dtype", info.Type!.Value.Name());
                writer.WritePropertyName("value");
                writer.WriteValue(value is float number ? (double)number : value);
                writer.WriteString("sha256", ContentHash.Of(info.Type.Value.ToBytes(value)));
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>The dict that holds a scalar, with values; kept, since dicts have many scalars.</summary>
    private ElementInfo Scalars(ElementInfo info)
    {
        if (_scalars.TryGetValue(info.PartPath, out ElementInfo? known)) { return known; }
        using PinnedElement pinned = source.Pin(info.PartPath, null, cancellation);
        return _scalars[info.PartPath] = pinned.Tree;
    }

    private void WriteRefused(ElementInfo info, string reason)
    {
        Start(info);
        writer.WriteString("kind", "refused");
        writer.WriteString("reason", reason);
        writer.WriteEndObject();
    }

    private void Start(ElementInfo info)
    {
        if (writer.BytesPending > 1 << 16) { writer.Flush(); }
        writer.WriteStartObject(info.Path);
        if (info.EncodingType is not null) { writer.WriteString("encoding_type", info.EncodingType); }
        if (info.EncodingVersion is not null) { writer.WriteString("encoding_version", info.EncodingVersion); }
    }

    /// <summary>The order of UTF-8 bytes, which is that of code points and differs from UTF-16's beyond U+FFFF.</summary>
    private sealed class Utf8Order : IComparer<string>
    {
        internal static readonly Utf8Order Instance = new();

        public int Compare(string? x, string? y) =>
            System.Text.Encoding.UTF8.GetBytes(x ?? "").AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(y ?? ""));
    }
}
