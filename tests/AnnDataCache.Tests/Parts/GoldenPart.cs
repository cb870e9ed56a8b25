using System.Numerics;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Tests.Parts;

// The promise of the part format, as files
//
// tests/data/parts has a part of each kind, as the first release of version 1 writes it. Stores outlive releases, and
// programs in other languages read parts by docs/part-format.md: so every later version 1 must read these files, and
// old readers must read what it writes. When the bytes change, ask what that does to both. If an old reader would
// misunderstand them, the format gets a new version and these files stay. If not, UPDATE=1 writes them anew; copy the
// old one under another name first (v1-csr-1.arrow) and keep reading it.

/// <summary>A small part whose every byte is determined, with what it holds.</summary>
internal sealed record GoldenPart(string Name, PartLayout Layout, IReadOnlyList<GoldenColumn> Columns)
{
    private const string Source = "/data/golden.h5ad";

    /// <summary>Three of five rows: a bitmap of less than a byte.</summary>
    private static readonly bool[] s_present = [true, false, true, true, false];

    /// <summary>New objects each time, since laying a part out changes its layout.</summary>
    internal static IReadOnlyList<GoldenPart> All =>
    [
        Dense("dense", [3, 2], GoldenColumn.Numbers<float>("X_pca", DType.Float32, [1.5f, -2, 0, float.NaN, 3e38f, 1e-45f], width: 2)),
        Dense("dense-cube", [2, 3, 2], GoldenColumn.Numbers<short>("X_pca", DType.Int16, [1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6], width: 6)),
        Dense("dense-bool", [5], GoldenColumn.Numbers<byte>("X_pca", DType.Bool, [1, 0, 0, 1, 1])),
        Dense("dense-complex", [2, 2], GoldenColumn.Numbers<double>("X_pca", DType.Complex128, [1, -1, 2, -2, 3, -3, 4, double.PositiveInfinity], width: 2)),
        Dense("dense-empty", [0, 4], GoldenColumn.Numbers<double>("X_pca", DType.Float64, [], width: 4)),
        One("csr", PartKind.Csr, "csr_matrix", [4, 5], GoldenColumn.Sparse<int, float>(
            "X", DType.Float32, DType.Int32, [0, 2, 2, 5, 6], [0, 4, 3, 1, 3, 2], [1, 2, 3, 4, 5, -0f], canonical: false)),
        One("csc", PartKind.Csc, "csc_matrix", [4, 3], GoldenColumn.Sparse<long, double>(
            "X", DType.Float64, DType.Int64, [0, 1, 1, 4], [3, 0, 1, 2], [0.1, double.MaxValue, -1, 7], canonical: true)),
        Frame(),
        One("column-strings", PartKind.Column, "string-array", [2, 2], GoldenColumn.Strings("names", ["", "b", "ü", "細胞🧬"], shape: [2, 2])),
        One("column-categorical", PartKind.Column, "categorical", [5], GoldenColumn.Codes<short>(
            "batch", DType.Int16, [1, 0, 2, 1, 0], GoldenColumn.Numbers<long>("categories", DType.Int64, [long.MinValue, 0, long.MaxValue]), s_present)),
        One("column-nullable", PartKind.Column, "nullable-integer", [5], GoldenColumn.Numbers<ushort>(
            "counts", DType.UInt16, [1, 99, 65535, 0, 98], present: s_present, encoding: "nullable-integer")),
        One("json", PartKind.Json, "dict", [], GoldenColumn.Json(Uns)),
        Pickle(),
    ];

    /// <summary>The text of the JSON part.</summary>
    internal const string Uns =
        """{"path":"uns","kind":"dict","encoding_type":"dict","encoding_version":"0.1.0","children":[{"path":"uns/title","kind":"string","encoding_type":"string","encoding_version":"0.2.0","part":"uns","value":"Größe"},{"path":"uns/big","kind":"number","dtype":"uint64","part":"uns","value":18446744073709551615},{"path":"uns/nan","kind":"number","dtype":"float32","part":"uns","bytes":"0000C0FF"},{"path":"uns/none","kind":"null","part":"uns"}]}""";

    /// <summary>What Python's pickle makes, protocol 5, of <c>{"größe": 1.5, "buffer": PickleBuffer(bytes(range(8)))}</c>.</summary>
    private const string Pickled = "80059523000000000000007D94288C076772C3B6C39F6594473FF80000000000008C06627566666572949798752E";

    internal static GoldenPart Get(string name) => All.Single(part => part.Name == name);

    internal string Path => TestFiles.Small($"parts/v{PartLayout.CurrentVersion}-{Name}.arrow");

    /// <summary>The part as the code of today writes it.</summary>
    internal unsafe byte[] Write()
    {
        PartPlan plan = PartPlan.Create(Layout);
        using NativeBuffer memory = new(plan.FileLength);
        memory.Span(0, (int)plan.FileLength).Clear();
        MemoryTarget target = new(memory.Address, memory.Length);
        foreach (GoldenColumn column in Columns) { column.Fill(target); }
        plan.WriteFraming(target);
        return memory.Span(0, (int)plan.FileLength).ToArray();
    }

    private static GoldenPart Dense(string name, long[] shape, GoldenColumn column) => One(name, PartKind.Dense, "array", shape, column);

    private static GoldenPart One(string name, PartKind kind, string encoding, long[] shape, GoldenColumn column)
    {
        PartLayout layout = new()
        {
            Kind = kind, Element = kind == PartKind.Json ? "uns" : column.Layout.Name, Source = Source, EncodingType = encoding, EncodingVersion = "0.2.0",
            Shape = shape, Columns = [column.Layout],
        };
        return new GoldenPart(name, layout, [column]);
    }

    /// <summary>A named object that only Python interprets: the pickle, then its buffer.</summary>
    private static GoldenPart Pickle()
    {
        GoldenColumn[] columns = [GoldenColumn.Bytes("pickle", Convert.FromHexString(Pickled)), GoldenColumn.Bytes("buffer 1", [0, 1, 2, 3, 4, 5, 6, 7])];
        PartLayout layout = new()
        {
            Kind = PartKind.Pickle, Element = "golden", Source = "", Object = "golden", Shape = [], Columns = [.. columns.Select(column => column.Layout)],
        };
        return new GoldenPart("pickle", layout, columns);
    }

    /// <summary>A dataframe with a column of every type.</summary>
    private static GoldenPart Frame()
    {
        GoldenColumn[] columns =
        [
            GoldenColumn.Strings("_index", ["cell-1", "", "Zelle-ü", "細胞", "🧬"]),
            GoldenColumn.Numbers<sbyte>("int8", DType.Int8, [sbyte.MinValue, -1, 0, 1, sbyte.MaxValue]),
            GoldenColumn.Numbers<short>("int16", DType.Int16, [short.MinValue, -1, 0, 1, short.MaxValue]),
            GoldenColumn.Numbers<int>("int32", DType.Int32, [int.MinValue, -1, 0, 1, int.MaxValue]),
            GoldenColumn.Numbers<long>("int64", DType.Int64, [long.MinValue, -1, 0, 1, long.MaxValue]),
            GoldenColumn.Numbers<byte>("uint8", DType.UInt8, [0, 1, 127, 128, byte.MaxValue]),
            GoldenColumn.Numbers<ushort>("uint16", DType.UInt16, [0, 1, 127, 128, ushort.MaxValue]),
            GoldenColumn.Numbers<uint>("uint32", DType.UInt32, [0, 1, 127, 128, uint.MaxValue]),
            GoldenColumn.Numbers<ulong>("uint64", DType.UInt64, [0, 1, 127, 128, ulong.MaxValue]),
            GoldenColumn.Numbers<Half>("float16", DType.Float16, [Half.MinValue, Half.Epsilon, Half.NaN, Half.NegativeZero, Half.One]),
            GoldenColumn.Numbers<float>("float32", DType.Float32, [float.MinValue, float.Epsilon, float.NaN, -0f, 1]),
            GoldenColumn.Numbers<double>("float64", DType.Float64, [double.MinValue, double.Epsilon, double.NaN, -0d, 1]),
            GoldenColumn.Numbers<float>("complex64", DType.Complex64, [1, 2, 3, 4, 5, 6, 7, 8, 9, float.NegativeInfinity]),
            GoldenColumn.Numbers<Complex>("complex128", DType.Complex128, [new(1, 2), Complex.Zero, Complex.ImaginaryOne, new(-1, -2), new(0, 5)]),
            GoldenColumn.Numbers<int>("pairs", DType.Int32, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], width: 2),
            GoldenColumn.Bools("bool", [true, false, false, true, true]),
            GoldenColumn.Strings("ascii", ["a", "b", "c", "", "e"]),
            GoldenColumn.Codes<int>("repeated", DType.Int32, [0, 1, 0, 0, 1], GoldenColumn.Strings("categories", ["x", "yy"]), strings: true),
            GoldenColumn.Codes<sbyte>(
                "grade", DType.Int8, [2, 0, 1, 0, 0], GoldenColumn.Strings("categories", ["low", "mid", "high"]), s_present, ordered: true),
            GoldenColumn.Codes<int>("lane", DType.Int32, [1, 1, 0, 1, 0], GoldenColumn.Numbers<double>("categories", DType.Float64, [0.5, -1])),
            GoldenColumn.Numbers<int>("nullable_int", DType.Int32, [1, 99, -3, 4, 98], present: s_present, encoding: "nullable-integer"),
            GoldenColumn.Bools("nullable_bool", [true, true, false, true, false], s_present),
            GoldenColumn.Strings("nullable_string", ["a", "under", "", "ü", ""], s_present),
        ];
        PartLayout layout = new()
        {
            Kind = PartKind.Frame, Element = "obs", Source = Source, EncodingType = "dataframe", EncodingVersion = "0.2.0",
            Shape = [5, columns.Length - 1], Columns = [.. columns.Select(column => column.Layout)], IndexName = "_index",
            Refused = [new RefusedColumn("opaque", "its type is opaque")],
        };
        return new GoldenPart("frame", layout, columns);
    }
}
