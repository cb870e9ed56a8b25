namespace AnnDataCache.Parts;

// What a part holds and where: the contract between whoever fills a part and whoever maps it.
//
// A part is one immutable Arrow IPC file (docs/part-format.md). Its layout names every buffer with its absolute offset
// and length, so a reader needs one pread of the footer and one JSON parse, and no Arrow library. The same object
// serves both sides: Loading fills in lengths, PartPlan sets the offsets and writes the framing; PartView parses it
// back, checks every range against the file, and maps.

/// <summary>What shape of data a part holds.</summary>
internal enum PartKind
{
    /// <summary>One number column: <c>Rows</c> rows of <c>Width</c> values in C order; the real shape is in the layout.</summary>
    Dense,
    /// <summary>One sparse column with a row for each observation.</summary>
    Csr,
    /// <summary>One sparse column with a row for each variable.</summary>
    Csc,
    /// <summary>A dataframe: an index column and any others.</summary>
    Frame,
    /// <summary>Records: a column for each field, a row for each record; the array's real shape is in the layout.</summary>
    Records,
    /// <summary>One column on its own: strings, a categorical, a nullable array.</summary>
    Column,
    /// <summary>One JSON text.</summary>
    Json,
    /// <summary>A Python object: its pickle, then the buffers that it was pickled without, each one row of bytes. Never interpreted here.</summary>
    Pickle,
}

/// <summary>How one column is laid out, by Arrow's words.</summary>
internal enum ColumnKind
{
    /// <summary><c>Values</c>: Rows × Width numbers. Arrow: primitive, or fixed_size_list when Width is not 1.</summary>
    Number,
    /// <summary><c>Values</c>: a bitmap, least significant bit first.</summary>
    Bool,
    /// <summary><c>Offsets</c> (int64, Rows + 1) into <c>Values</c> (UTF-8); or, with <c>Categories</c>, int32 codes in <c>Values</c>.</summary>
    String,
    /// <summary><c>Values</c>: codes into <c>Categories</c>; 0 where the validity bit is cleared.</summary>
    Categorical,
    /// <summary><c>Offsets</c> (Rows + 1, of <c>OffsetType</c>), <c>Indices</c> (of <c>IndexType</c>), <c>Values</c>.</summary>
    Sparse,
    /// <summary><c>Values</c>: UTF-8 JSON, one row.</summary>
    Json,
    /// <summary><c>Offsets</c> (int64, Rows + 1) into the rows of <c>Items</c>.</summary>
    List,
    /// <summary><c>Offsets</c> (int64, Rows + 1) into <c>Values</c>: bytes of any kind.</summary>
    Bytes,
}

/// <summary>Bytes of the part file. Offsets are multiples of 64; the length is what is used, without padding.</summary>
internal readonly record struct BufferRange(long Offset, long Length);

/// <summary>One column of a part: its type, its counts, its buffers.</summary>
internal sealed class ColumnLayout
{
    internal required string Name { get; init; }
    internal required ColumnKind Kind { get; init; }

    /// <summary>Of the numbers, of the codes, or of a sparse matrix's values.</summary>
    internal DType Type { get; init; }

    /// <summary>Rows of the column; of categories, their number.</summary>
    internal required long Rows { get; init; }

    /// <summary>Numbers in a row: 1 for a plain column, the product of the other axes for an array.</summary>
    internal long Width { get; init; } = 1;

    /// <summary>Of a categorical.</summary>
    internal bool Ordered { get; init; }

    /// <summary>Of a sparse column: int32 below 2^31 non-zeros, else int64; of a twin the smallest type that holds its other axis.</summary>
    internal DType IndexType { get; init; }

    /// <summary>Of a sparse column: int32 or int64. The same as the indices' unless the part is a twin.</summary>
    internal DType OffsetType { get => field == default ? IndexType : field; init; }

    /// <summary>Number of cleared validity bits; known only when the column has been filled.</summary>
    internal long NullCount { get; set; }

    /// <summary>True when no string byte exceeds 0x7F; known only when the column has been filled.</summary>
    internal bool Ascii { get; set; }

    /// <summary>True when indices increase strictly within each row; known only when the column has been filled.</summary>
    internal bool Canonical { get; set; }

    /// <summary>Bitmap, one bit a row, 1 = valid; length 0 when the column cannot have nulls.</summary>
    internal BufferRange Validity { get; set; }
    internal BufferRange Values { get; set; }
    internal BufferRange Offsets { get; set; }
    internal BufferRange Indices { get; set; }

    /// <summary>Distinct values of a categorical, or of strings that are stored by code.</summary>
    internal ColumnLayout? Categories { get; init; }

    /// <summary>Of lists: the column of all their items, one after the other.</summary>
    internal ColumnLayout? Items { get; init; }

    /// <summary>AnnData's encoding of the stored column: <c>array</c>, <c>categorical</c>, <c>nullable-integer</c> …</summary>
    internal string? Encoding { get; init; }

    /// <summary>Types as stored where the part holds others: keys <c>codes</c>, <c>indices</c>, <c>indptr</c>, <c>data</c>; values are dtype names.</summary>
    internal IReadOnlyDictionary<string, string>? Stored { get; init; }

    /// <summary>Number of dimensions × lengths of a string or nullable array that is not one-dimensional; else null.</summary>
    internal IReadOnlyList<long>? Shape { get; init; }
}

/// <summary>A member that could not be read: it keeps its place and its reason.</summary>
internal sealed record RefusedColumn(string Name, string Reason);

/// <summary>Everything a reader must know of a part.</summary>
internal sealed class PartLayout
{
    /// <summary>Version of the part format; part of every part's name.</summary>
    internal const int CurrentVersion = 1;

    internal int Version { get; init; } = CurrentVersion;
    internal required PartKind Kind { get; init; }

    /// <summary>Path of the element inside its source: <c>X</c>, <c>obs</c>, <c>layers/counts</c>; of an object its name.</summary>
    internal required string Element { get; init; }

    /// <summary>Canonical path of the source file; empty for an object.</summary>
    internal required string Source { get; init; }

    /// <summary>Name of the object that somebody has put, or null for an element of a source.</summary>
    internal string? Object { get; init; }

    /// <summary>Of an object: JSON that only pandas needs, verbatim, or null. Written, never read here.</summary>
    internal string? Pandas { get; init; }

    /// <summary>How the part was made of its element's part, as in its name's options: <c>twin</c>, <c>lookup feature_name</c>; else null.</summary>
    internal string? Derived { get; init; }

    internal string? EncodingType { get; init; }
    internal string? EncodingVersion { get; init; }

    /// <summary>(n_obs, n_vars) of a matrix, all axes of an array or of records, (rows, columns) of a dataframe.</summary>
    internal required IReadOnlyList<long> Shape { get; init; }

    /// <summary>In file order; of a dataframe the index comes first.</summary>
    internal required IReadOnlyList<ColumnLayout> Columns { get; init; }

    /// <summary>Of a dataframe: the name of the index column as stored (AnnData's <c>_index</c> attribute), else null.</summary>
    internal string? IndexName { get; init; }

    /// <summary>Of a dataframe or of records: columns that could not be read.</summary>
    internal IReadOnlyList<RefusedColumn> Refused { get; init; } = [];
}
